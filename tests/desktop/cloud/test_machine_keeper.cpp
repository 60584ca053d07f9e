// SPDX-License-Identifier: Apache-2.0
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/cloud/machine_keeper.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/fingerprint.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "tests/desktop/cloud/scenes.h"
#include "tests/desktop/remote/fake_tunnels.h"
#include "tests/desktop/remote/quick_link.h"
#include "tests/desktop/studio/fake_easel.h"

using namespace easel;
using namespace easel::cloud;
using namespace std::chrono_literals;
using remote::ServerLink;
using tests::machineLine;
using tests::Scenes;

namespace {

constexpr int kPatience = 20'000;  // milliseconds

/// A machine's server and a laptop that is paired with it and draws there. Its clock stands until it is
/// moved.
struct Laptop {
    tests::Identity identity = tests::makeIdentity();
    tests::FakeEasel server{identity};
    QSettings settings;
    tests::FakeTunnels tunnels;
    remote::Remote remote;
    ServerLink link{remote, tests::kQuick};
    std::unique_ptr<remote::Servers> servers;
    std::chrono::milliseconds time{1'000};
    std::unique_ptr<CloudDesk> desk;
    std::unique_ptr<MachineKeeper> keeper;
    std::unique_ptr<QSignalSpy> told;

    explicit Laptop(const QString& folder) : settings(folder + "/settings.ini", QSettings::IniFormat) {
        remote::ServerProfile profile;
        profile.id = "machine";
        profile.address = "https://127.0.0.1:1";
        profile.fingerprint = remote::fingerprintOf(identity.certificate);
        profile.gcp = tests::kMachinePlace;
        preferences::kServers.set(settings, QString::fromUtf8(remote::toJson({profile})));
        preferences::kServer.set(settings, profile.id);
        servers = std::make_unique<remote::Servers>(link, settings, nullptr, &tunnels);
        desk = std::make_unique<CloudDesk>(settings, Scenes::program());
        keeper = std::make_unique<MachineKeeper>(
            *desk, *servers, link, settings,
            MachineKeeper::Timing{.look = 200ms, .tick = 10ms, .now = [this] { return time; }});
        told = std::make_unique<QSignalSpy>(keeper.get(), &MachineKeeper::told);
        servers->start();
        Q_EMIT tunnels.last()->opened(server.url().port());
    }
    bool isReady() const {
        return QTest::qWaitFor([this] { return link.isOnline() && keeper->machine().has_value(); },
                               kPatience);
    }
    /// Ticks until then.
    void pass(std::chrono::milliseconds span) {
        time += span;
        QTest::qWait(50);
    }
    QString saying() const { return told->isEmpty() ? QString() : told->last().first().toString(); }
};

}  // namespace

/// Looking after the machine that is drawn on.
class TestMachineKeeper : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_scenes = std::make_unique<Scenes>(m_dir->filePath("scenes"));
        m_scenes->succeed("status", {machineLine("running", 7'200, 1.0)});
    }
    void followsTheServerThatIsChosen();
    void countsTimeAndMoney();
    void sharesTheCostAmongPictures();
    void prolongsWhilePicturesAreDrawn();
    void asksBeforeItProlongsForTheFirstTime();
    void saysWhenItCantProlong();
    void stopsAnIdleMachine();
    void keepsItRunningWhenItIsToldTo();
    void leavesABusyMachineAlone();
    void startsAndStopsWhenItIsToldTo();
    void seesThatItIsOff();
    void seesThatItIsGone();

private:
    QString folder() const { return m_dir->path(); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Scenes> m_scenes;
};

void TestMachineKeeper::followsTheServerThatIsChosen() {
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    QVERIFY(laptop.keeper->place() == tests::kMachinePlace);
    QVERIFY(laptop.keeper->isRunning());
    tests::FakeEasel other;
    QVERIFY(laptop.servers->enter(other.url().toString()));
    QVERIFY(!laptop.keeper->place() && !laptop.keeper->machine());
    QTest::qWait(300);  // What was under way is over.
    const qsizetype before = m_scenes->calls().size();
    QTest::qWait(500);
    QCOMPARE(m_scenes->calls().size(), before);
    laptop.keeper->stop();
    laptop.keeper->countPicture();
    QCOMPARE(m_scenes->calls().size(), before);
}

void TestMachineKeeper::countsTimeAndMoney() {
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    m_scenes->set("status", {"%until never"});  // Nobody tells anything more.
    QTest::qWait(400);
    QCOMPARE(laptop.keeper->secondsLeft(), std::optional(7'200));
    QCOMPARE(laptop.keeper->cost(), 1.0);
    laptop.pass(1h);
    QCOMPARE(laptop.keeper->secondsLeft(), std::optional(3'600));
    QCOMPARE(laptop.keeper->cost(), 1.73);
    laptop.pass(2h);
    QCOMPARE(laptop.keeper->secondsLeft(), std::optional(0));
}

void TestMachineKeeper::sharesTheCostAmongPictures() {
    {
        Laptop laptop(folder());
        QVERIFY(laptop.isReady());
        laptop.keeper->countPicture();
        laptop.keeper->countPicture();
        QCOMPARE(laptop.keeper->pictures(), 2);
    }
    {
        // They stay drawn when the app closes.
        Laptop again(folder());
        QVERIFY(again.isReady());
        again.keeper->countPicture();
        QCOMPARE(again.keeper->pictures(), 3);
        // After another start the cost begins anew, and so do they.
        m_scenes->succeed("status", {machineLine("running").replace("T10:00:00Z", "T15:30:00Z")});
        QTRY_COMPARE_WITH_TIMEOUT(again.keeper->pictures(), 0, kPatience);
    }
    Laptop third(folder());
    QVERIFY(third.isReady());
    QCOMPARE(third.keeper->pictures(), 0);
}

void TestMachineKeeper::prolongsWhilePicturesAreDrawn() {
    m_scenes->succeed("status", {machineLine("running", 16 * 60)});
    m_scenes->succeed("extend", {machineLine("running", 75 * 60)});
    Laptop laptop(folder());
    laptop.keeper->setProlongs(true);
    QVERIFY(laptop.isReady());
    m_scenes->set("status", {"%until never"});
    QTest::qWait(400);
    laptop.keeper->setWork(1);
    laptop.pass(30s);
    QVERIFY(m_scenes->calls("extend").isEmpty());
    laptop.keeper->setWork(0);
    laptop.pass(2min);
    QVERIFY(m_scenes->calls("extend").isEmpty());  // Nobody draws.
    laptop.keeper->setWork(1);
    QTRY_COMPARE_WITH_TIMEOUT(laptop.told->size(), 1, kPatience);
    QVERIFY2(laptop.saying().contains("an hour longer"), qPrintable(laptop.saying()));
    QCOMPARE(laptop.keeper->secondsLeft(), std::optional(75 * 60));
    QTest::qWait(100);
    QCOMPARE(m_scenes->calls("extend").size(), 1);
}

void TestMachineKeeper::asksBeforeItProlongsForTheFirstTime() {
    m_scenes->succeed("status", {machineLine("running", 10 * 60)});
    m_scenes->succeed("extend", {machineLine("running", 70 * 60)});
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    QVERIFY(!laptop.keeper->asksToProlong());
    laptop.keeper->setWork(1);
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->asksToProlong(), kPatience);
    QTest::qWait(100);
    QVERIFY(m_scenes->calls("extend").isEmpty());
    laptop.keeper->setProlongs(false);
    QVERIFY(!laptop.keeper->asksToProlong());
    QTest::qWait(100);
    QVERIFY(m_scenes->calls("extend").isEmpty());
    laptop.keeper->setProlongs(true);
    QTRY_COMPARE_WITH_TIMEOUT(laptop.told->size(), 1, kPatience);
}

void TestMachineKeeper::saysWhenItCantProlong() {
    m_scenes->succeed("status", {machineLine("running", 10 * 60)});
    m_scenes->fail("extend", "bad_argument", "It is stopped at six at the latest.");
    Laptop laptop(folder());
    laptop.keeper->setProlongs(true);
    QVERIFY(laptop.isReady());
    laptop.keeper->setWork(1);
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->failure().has_value(), kPatience);
    QCOMPARE(laptop.keeper->failure()->detail, "It is stopped at six at the latest.");
    QTest::qWait(100);
    QCOMPARE(m_scenes->calls("extend").size(), 1);  // Not over and over.
    laptop.pass(6min);
    QTRY_COMPARE_WITH_TIMEOUT(m_scenes->calls("extend").size(), 2, kPatience);
    QVERIFY(laptop.told->isEmpty());
}

void TestMachineKeeper::stopsAnIdleMachine() {
    m_scenes->succeed("stop", {machineLine("stopped")});
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    laptop.pass(3h);
    QVERIFY(!laptop.keeper->secondsToStop());  // Nobody has asked for it.
    laptop.keeper->setIdleMinutes(20);
    laptop.pass(19min);
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.pass(1min);
    QTRY_COMPARE_WITH_TIMEOUT(laptop.keeper->secondsToStop(), std::optional(120), kPatience);
    laptop.pass(90s);
    QCOMPARE(laptop.keeper->secondsToStop(), std::optional(30));
    QVERIFY(m_scenes->calls("stop").isEmpty());
    m_scenes->succeed("status", {machineLine("stopped")});
    laptop.pass(30s);
    QTRY_COMPARE_WITH_TIMEOUT(laptop.told->size(), 1, kPatience);
    QVERIFY2(laptop.saying().contains("20 min"), qPrintable(laptop.saying()));
    QVERIFY(!laptop.keeper->secondsToStop());
    QTRY_VERIFY_WITH_TIMEOUT(!laptop.keeper->isRunning(), kPatience);
    QCOMPARE(m_scenes->calls("stop").size(), 1);
}

void TestMachineKeeper::keepsItRunningWhenItIsToldTo() {
    Laptop laptop(folder());
    laptop.keeper->setIdleMinutes(10);
    QVERIFY(laptop.isReady());
    laptop.pass(11min);
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->secondsToStop().has_value(), kPatience);
    laptop.keeper->keepRunning();
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.pass(9min);
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.pass(2min);
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->secondsToStop().has_value(), kPatience);
    laptop.keeper->setIdleMinutes(0);
    laptop.pass(1h);
    QVERIFY(!laptop.keeper->secondsToStop());
    QVERIFY(m_scenes->calls("stop").isEmpty());
}

void TestMachineKeeper::leavesABusyMachineAlone() {
    Laptop laptop(folder());
    laptop.keeper->setIdleMinutes(10);
    QVERIFY(laptop.isReady());
    laptop.keeper->setWork(1);
    laptop.pass(1h);
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.keeper->setWork(0);
    laptop.pass(11min);
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->secondsToStop().has_value(), kPatience);
    laptop.keeper->setWork(1);  // In time.
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.keeper->setWork(0);
    // Somebody else draws there.
    laptop.server.info.running = 1;
    QTRY_COMPARE_WITH_TIMEOUT(laptop.link.state(), ServerLink::State::Busy, kPatience);
    laptop.pass(1h);
    QVERIFY(!laptop.keeper->secondsToStop());
    laptop.server.info.running = 0;
    // And of a server that does not answer nobody knows.
    Q_EMIT laptop.tunnels.last()->failed({0, "network", "no line", "No line.", std::nullopt});
    laptop.pass(1h);
    QVERIFY(!laptop.keeper->secondsToStop());
    QVERIFY(m_scenes->calls("stop").isEmpty());
}

void TestMachineKeeper::startsAndStopsWhenItIsToldTo() {
    m_scenes->succeed("status", {machineLine("stopped")});
    m_scenes->set("start", {"%until ready", machineLine("running"), R"({"event":"done"})"});
    Laptop laptop(folder());
    Q_EMIT laptop.tunnels.last()->failed({0, remote::kMachineStopped, "stopped", "Off.", std::nullopt});
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->machine().has_value(), kPatience);
    QVERIFY(m_scenes->calls("start").isEmpty());  // Nothing that costs money without being told.
    laptop.keeper->start();
    QCOMPARE(laptop.keeper->deed(), std::optional(CloudDesk::Deed::Start));
    m_scenes->succeed("status", {machineLine("running")});
    m_scenes->write("ready", {});
    QTRY_COMPARE_WITH_TIMEOUT(laptop.tunnels.last()->reopened, 1, kPatience);
    QVERIFY(laptop.told->isEmpty());  // It was this person's wish.
    m_scenes->fail("stop", "no_permission", "Not allowed.");
    laptop.keeper->stop();
    QTRY_VERIFY_WITH_TIMEOUT(laptop.keeper->failure().has_value(), kPatience);
    laptop.keeper->dismissFailure();
    QVERIFY(!laptop.keeper->failure());
}

void TestMachineKeeper::seesThatItIsOff() {
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    m_scenes->succeed("status", {machineLine("preempted")});
    QTRY_VERIFY_WITH_TIMEOUT(!laptop.keeper->isRunning(), kPatience);
    QVERIFY(!laptop.keeper->secondsLeft());
    QCOMPARE(laptop.keeper->machine()->state, Machine::State::Preempted);
}

void TestMachineKeeper::seesThatItIsGone() {
    Laptop laptop(folder());
    QVERIFY(laptop.isReady());
    m_scenes->set("status", {R"({"event":"machine","name":"easel","project":"my-project","state":"missing"})",
                             R"({"event":"error","code":"not_found","detail":"Gone."})", "%exit 1"});
    QTRY_COMPARE_WITH_TIMEOUT(laptop.keeper->machine()->state, Machine::State::Missing, kPatience);
}

QTEST_GUILESS_MAIN(TestMachineKeeper)
#include "test_machine_keeper.moc"
