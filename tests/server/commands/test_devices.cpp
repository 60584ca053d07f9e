// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>
#include <vector>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

/// A server that draws on several devices.
class TestDevices : public ServeTest {
    Q_OBJECT

private:
    QJsonObject device(int index) {
        const auto list = QJsonDocument::fromJson(get("/v1/devices").body).object()["devices"].toArray();
        return list[index].toObject();
    }

    bool waitForDevice(int index, const QString& state) {
        return QTest::qWaitFor([&] { return device(index)["state"].toString() == state; }, kPatienceMs);
    }

    bool startTwo(const QString& stepMs) {
        return start({"--device", "cpu,cpu"}, "test-pattern:" + stepMs) && waitForReady();
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void eachDrawsAJobOfItsOwn() {
        QVERIFY(startTwo("20"));
        QVERIFY(device(1)["id"].toString() == "1");
        QVERIFY(device(2).isEmpty());
        const std::string first = submit("fox", 400);
        const std::string second = submit("owl", 400);
        QVERIFY(waitForStep(first));
        QVERIFY(waitForStep(second));  // while the first is still drawn
        QVERIFY(job(first).state == JobState::Running);
        QCOMPARE(device(0)["running"].toInt(), 1);
        QCOMPARE(device(1)["running"].toInt(), 1);
    }

    void aDrainedDeviceFinishesWhatItHas() {
        QVERIFY(startTwo("20"));
        const std::string first = submit("fox", 50);
        QVERIFY(waitForStep(first));
        const int busy = device(0)["running"].toInt() == 1 ? 0 : 1;
        QCOMPARE(post("/v1/devices/" + std::to_string(busy) + "/drain").status, 200);
        QCOMPARE(device(busy)["state"].toString(), QString("draining"));
        const std::string second = submit("owl", 4);
        QVERIFY(waitForState(second, JobState::Succeeded));
        QVERIFY(waitForState(first, JobState::Succeeded));
        QVERIFY(waitForDevice(busy, "drained"));
        QCOMPARE(get("/readyz").status, 200);
    }

    void withAllDrainedJobsAreHeldUntilOneIsResumed() {
        QVERIFY(startTwo("0"));
        QCOMPARE(post("/v1/devices/0/drain").status, 200);
        QCOMPARE(post("/v1/devices/1/drain").status, 200);
        const auto ready = get("/readyz");
        QCOMPARE(ready.status, 503);
        QVERIFY2(ready.body.contains("drained"), ready.body);
        const std::string waiting = submit("fox");
        QVERIFY(waitForState(waiting, JobState::Held));
        const auto hold = job(waiting).hold;
        QVERIFY(hold && hold->reason == protocol::HoldReason::DeviceDrained);
        QVERIFY(hold->cure.find("/v1/devices/0/resume") != std::string::npos);
        QCOMPARE(post("/v1/devices/1/resume").status, 200);
        QVERIFY(waitForState(waiting, JobState::Succeeded));
        QVERIFY(m_server->waitForError("Device 1 (cpu) is in use again"));
    }

    void devicesThatCannotBeAreRefused_data() {
        QTest::addColumn<QString>("devices");
        for (const char* const list : {"cpu,", ",cpu", "cpu,gpu", "auto,cpu", "cuda:0,cuda:x", "cpu cpu"}) {
            QTest::newRow(list) << QString(list);
        }
    }

    void devicesThatCannotBeAreRefused() {
        QFETCH(QString, devices);
        Program program(command({"--device", devices}));
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY(program.errors().contains("--device"));
    }

    /// Whoever pays for a GPU must not find out from the clock that it is not used.
    void anNvidiaDeviceIsNotLeftAloneInSilence() {
        QVERIFY(start({}, "on-cpu"));
        QVERIFY(waitForReady());
        const QByteArray why = "The NVIDIA device has no driver.";
        const auto ready = get("/readyz").body;
        QVERIFY2(ready.startsWith("ready\n") && ready.contains(why), ready);
        const auto info = protocol::parseServerInfo(get("/v1/server").body.toStdString());
        QVERIFY(info && info->deviceWarning == why.toStdString());
        QVERIFY(m_server->waitForError("[warning]"));
    }

    void whatDrawsWhereItShouldHasNoWarning() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        QCOMPARE(get("/readyz").body, QByteArray("ready\n"));
        const auto info = protocol::parseServerInfo(get("/v1/server").body.toStdString());
        QVERIFY(info && info->deviceWarning.empty());
    }

    /// One that cannot draw is told by name, and does not keep the other from drawing.
    void oneWorkerThatFailsLeavesTheOther() {
        QVERIFY(start({"--device", "cpu,cuda:9"}));
        QVERIFY(waitForDevice(1, "failed"));
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("fox"), JobState::Succeeded));
    }
};

QTEST_GUILESS_MAIN(TestDevices)
#include "test_devices.moc"
