// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include "server/doctor/report.h"

using namespace easel;
using namespace easel::doctor;

namespace {

Report report(State worst) {
    Report made{"0.1.0",
                {{"Disk", State::Right, "Much is free."}, {"CUDA", State::Skipped, "There is no device."}},
                {}};
    if (worst != State::Right) {
        made.findings.push_back({"Port", worst, "It is taken.", "Choose another."});
    }
    return made;
}

QStringList linesOf(const Report& made, std::size_t width) {
    QStringList lines;
    for (const std::string& line : tableOf(made, width)) {
        lines += QString::fromStdString(line);
    }
    return lines;
}

QJsonObject parsed(const Report& made) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(jsonOf(made))).object();
}

}  // namespace

class TestReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theWorstCounts() {
        QVERIFY(worstOf(report(State::Right)) == State::Right);
        QVERIFY(worstOf(report(State::Warning)) == State::Warning);
        QVERIFY(worstOf(report(State::Wrong)) == State::Wrong);
        Report drawing = report(State::Warning);
        drawing.trials.push_back({{"cuda:0", "", "fp16"}, {"Drawing", State::Wrong, "It died."}, {}, {}});
        QVERIFY(worstOf(drawing) == State::Wrong);
    }

    void theTableHasEachWithWhatToDo() {
        QCOMPARE(linesOf(report(State::Wrong), 80),
                 (QStringList{"Disk  right    Much is free.", "CUDA  skipped  There is no device.",
                              "Port  wrong    It is taken.", "               -> Choose another.", "",
                              "1 thing must be mended."}));
        QCOMPARE(linesOf(report(State::Right), 80).last(), QString("All is right."));
        QCOMPARE(linesOf(report(State::Warning), 80).last(), QString("All is right, with 1 warning."));
    }

    void linesAreNoLongerThanTheyMayBe() {
        Report made;
        const std::string words = "some words that are said again and again until they fill a few lines";
        made.findings = {{"Data folder", State::Wrong, words, words}};
        const QStringList lines = linesOf(made, 40);
        QVERIFY(lines.size() > 6);
        for (const QString& line : lines) {
            QVERIFY2(line.size() <= 40, qPrintable(line));
        }
        QCOMPARE(lines.join(' ').simplified().count("some words that are said again and again until"), 2);
    }

    void aWordThatDoesNotFitIsKeptWhole() {
        Report made;
        const std::string path(100, 'x');
        made.findings = {{"Disk", State::Right, "at " + path + " there"}};
        const QStringList lines = linesOf(made, 40);
        QVERIFY(lines.at(1).endsWith(QString::fromStdString(path)));
        QVERIFY(lines.at(2).endsWith("there"));
    }

    void programsGetTheSame() {
        Report made = report(State::Warning);
        made.trials.push_back({{"cuda:0", "NVIDIA L4", "fp16"},
                               {"Drawing on cuda:0 in fp16", State::Right, "Fast."},
                               {{"text", 61.5, 60, ""},
                                {"picture", std::numeric_limits<double>::infinity(), 30, ""},
                                {"latents", 0, 40, "it is missing"}},
                               generator::Proof{1.5, 0.25, {0.01, 0.02, 0.03}, 2000}});
        const QJsonObject json = parsed(made);
        QCOMPARE(json["version"].toString(), QString("0.1.0"));
        QCOMPARE(json["state"].toString(), QString("warning"));
        const QJsonArray findings = json["findings"].toArray();
        QCOMPARE(findings.size(), 3);
        QCOMPARE(findings[2].toObject()["state"].toString(), QString("warning"));
        QCOMPARE(findings[2].toObject()["cure"].toString(), QString("Choose another."));
        const QJsonObject drawing = json["drawings"].toArray()[0].toObject();
        QCOMPARE(drawing["device"].toString(), QString("cuda:0"));
        QCOMPARE(drawing["device_name"].toString(), QString("NVIDIA L4"));
        QCOMPARE(drawing["precision"].toString(), QString("fp16"));
        QCOMPARE(drawing["step_ms"].toDouble(), 20.0);
        QCOMPARE(drawing["memory"].toInt(), 2000);
        const QJsonArray stages = drawing["stages"].toArray();
        QCOMPARE(stages[0].toObject()["decibels"].toDouble(), 61.5);
        QVERIFY(stages[0].toObject()["right"].toBool());
        QVERIFY(!stages[0].toObject()["equal"].toBool());
        QVERIFY(stages[1].toObject()["equal"].toBool());
        QVERIFY(stages[1].toObject()["decibels"].isNull());
        QVERIFY(!stages[2].toObject()["right"].toBool());
        QCOMPARE(stages[2].toObject()["problem"].toString(), QString("it is missing"));
    }

    void textThatIsNoUtf8StaysJson() {
        Report made;
        made.findings = {{"Model", State::Wrong, "caf\xe9", ""}};
        QVERIFY(!parsed(made).isEmpty());
    }
};

QTEST_APPLESS_MAIN(TestReport)
#include "test_report.moc"
