// SPDX-License-Identifier: Apache-2.0
// The real easel-worker, examined: by itself, and by `easel-server doctor`.
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "server/doctor/examiner.h"
#include "server/doctor/likeness.h"
#include "tests/server/commands/program.h"

using namespace easel;
using namespace std::chrono_literals;

namespace {

const std::string kTiny = EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny";

const doctor::Examiner kExaminer(WORKER_PROGRAM, 300s);

protocol::GenerationSettings settings() {
    protocol::GenerationSettings made;
    made.prompt = "fox";
    made.width = 64;
    made.height = 64;
    made.steps = 3;
    made.guidance = 3;
    made.sampler = "ddim";
    made.seed = 1;
    return made;
}

int exitStatusOf(const QStringList& arguments) {
    QProcess worker;
    worker.start(WORKER_PROGRAM, arguments);
    return worker.waitForFinished(60'000) && worker.exitStatus() == QProcess::NormalExit ? worker.exitCode()
                                                                                         : -1;
}

}  // namespace

class TestExamination : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itTellsWhatItCouldDrawOn() {
        const auto inventory = kExaminer.list();
        QVERIFY(inventory.has_value());
        QVERIFY(!inventory->libtorch.empty());
        QCOMPARE(inventory->devices.front().device, std::string("cpu"));
        QVERIFY(!inventory->devices.front().name.empty());
        const auto precisions = inventory->devices.front().precisions;
        QVERIFY(precisions == std::vector<std::string>{"fp32"} ||
                (precisions == std::vector<std::string>{"fp32", "bf16"}));
        QVERIFY(inventory->devices.front().problem.empty());
    }

    void itProvesAPictureTwiceAlike() {
        const auto first = kExaminer.draw("cpu", "fp32", kTiny, settings());
        QVERIFY2(first.has_value(), first ? "" : first.error().found.c_str());
        const auto second = kExaminer.draw("cpu", "fp32", kTiny, settings());
        QVERIFY(second.has_value());
        for (const auto& likeness : doctor::compareAll(first->stages, second->stages, "fp32")) {
            QVERIFY2(likeness.isRight(), doctor::inWords({likeness}).c_str());
        }
        QCOMPARE(first->proof.stepSeconds.size(), std::size_t{3});
    }

    void itSaysWhyItCannot() {
        const auto half = kExaminer.draw("cpu", "fp16", kTiny, settings());
        QVERIFY(!half && half.error().found.find("fp32 or bf16") != std::string::npos);
        const auto nowhere = kExaminer.draw("cpu", "fp32", "/nowhere", settings());
        QVERIFY(!nowhere && nowhere.error().found.find("/nowhere") != std::string::npos);
        const auto unknown = kExaminer.draw("abacus", "fp32", kTiny, settings());
        QVERIFY(!unknown && unknown.error().found.find("abacus") != std::string::npos);
    }

    void oneThingAtATimeIsAskedOfIt() {
        QCOMPARE(exitStatusOf({"--socket-fd", "0", "--list", "--prove"}), 2);
        QCOMPARE(exitStatusOf({"--socket-fd", "0", "--list", "model", "folder"}), 2);
        QCOMPARE(exitStatusOf({"--socket-fd", "0", "--device", "cpu"}), 2);
    }

    void theDoctorDrawsTheStarterModel() {
        QTemporaryDir folder;
        Program program({"doctor", "--json", "--worker", WORKER_PROGRAM, "--data", folder.filePath("data"),
                         "--port", "0"});
        QCOMPARE(program.waitForEnd(), 0);
        const QJsonObject report = QJsonDocument::fromJson(program.output()).object();
        const QJsonObject drawing = report["drawings"].toArray()[0].toObject();
        QCOMPARE(drawing["device"].toString(), QString("cpu"));
        QCOMPARE(drawing["precision"].toString(), QString("fp32"));
        QCOMPARE(drawing["state"].toString(), QString("right"));
        QVERIFY(drawing["step_ms"].toDouble() > 0);
        QVERIFY(drawing["memory"].toDouble() > 0);
    }

    void theDoctorsTableSaysSoToPeople() {
        QTemporaryDir folder;
        Program program({"doctor", "--worker", WORKER_PROGRAM, "--data", folder.filePath("data"), "--port",
                         "0", "--draw", QString::fromStdString(kTiny)});
        QCOMPARE(program.waitForEnd(), 0);
        const QByteArray table = program.output();
        QVERIFY2(table.contains("Drawing on cpu in fp32  right "), table);
        QVERIFY2(table.contains(" ms a step, "), table);
        QVERIFY2(table.contains("All is right"), table);
    }
};

QTEST_GUILESS_MAIN(TestExamination)
#include "test_examination.moc"
