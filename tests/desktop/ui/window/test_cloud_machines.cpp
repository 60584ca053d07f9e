// SPDX-License-Identifier: Apache-2.0
#include <QCheckBox>
#include <QLineEdit>

#include "desktop/remote/servers.h"
#include "tests/desktop/ui/window/cloud_test.h"

using namespace easel;
using namespace std::chrono_literals;
using tests::App;
using tests::FakeEasel;
using tests::MachineApp;
using tests::machineLine;
using tests::Scenes;
using tests::stageLine;
using State = remote::ServerLink::State;
using tests::cloud::CloudTest;
using tests::cloud::kPatience;
using tests::cloud::Page;
using tests::cloud::pairingFor;
using tests::cloud::press;

/// The machines that are there: the list, the strip and the panel behind the chip.
class TestCloudMachines : public CloudTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { beginWithCloud(); }
    void listsMachines();
    void asksBeforeItRemoves();
    void drawsOnAMachineOfOnes();
    void saysWhyItIsNotLetIn();
    void tellsOfTheMachineBehindTheChip();
    void countsDownBeforeItStops();
    void asksWhetherToProlong();
    void startsWhatIsOff();
    void saysWhyAMachineCantBeReached();
    void asksOfWhichMachineALinkIs();
};

void TestCloudMachines::listsMachines() {
    m_scenes->succeed("list",
                      {machineLine("running", 22'320, 1.32), machineLine("stopped", 0, 0, "easel-2")});
    m_scenes->fail("extend", "bad_argument", "It ends at six.", "Start it anew.");
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("easel-2", "startMachineButton"), kPatience);
    // A new one has another name.
    auto* name = page.find<QLineEdit>("machineNameEdit");
    QTRY_COMPARE_WITH_TIMEOUT(name->text(), "easel-3", kPatience);
    const QString row = page.row("running");
    QVERIFY2(row.startsWith("easel") && row.contains("6 h 12 min left") && row.contains("$1.32 so far") &&
                 row.contains("$0.73 an hour"),
             qPrintable(row));
    QVERIFY(!page.button("easel-2", "stopMachineButton") && !page.button("easel-2", "useMachineButton"));
    QVERIFY(page.press("running", "extendMachineButton"));
    QVERIFY(page.row("an hour longer").contains("easel"));
    QTRY_VERIFY_WITH_TIMEOUT(page.row("It ends at six. Start it anew.").contains("easel"), kPatience);
    m_scenes->succeed("start", {machineLine("running", 100, 0, "easel-2")});
    QVERIFY(page.press("easel-2", "startMachineButton"));
    QTRY_COMPARE_WITH_TIMEOUT(m_scenes->calls("start").size(), 1, kPatience);
    QVERIFY(m_scenes->calls("start").first().startsWith("start easel-2 "));
}

void TestCloudMachines::asksBeforeItRemoves() {
    m_scenes->set(
        "down.ask",
        {R"({"event":"question","id":"down","text":"The machine easel with its disk."})", "%exit 3"});
    m_scenes->succeed("down");
    MachineApp machine(folder());
    QVERIFY(machine.isReady());
    const Page page(*machine.app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("easel", "removeMachineButton"), kPatience);
    QVERIFY(page.press("easel", "removeMachineButton"));
    QTRY_VERIFY_WITH_TIMEOUT(machine.app->window.findChild<QMessageBox*>("removeMachineQuestion"), kPatience);
    auto* question = machine.app->window.findChild<QMessageBox*>("removeMachineQuestion");
    question->escapeButton()->click();
    QTest::qWait(100);
    QVERIFY(m_scenes->calls("down").filter("--yes").isEmpty());
    QTRY_VERIFY(!machine.app->window.findChild<QMessageBox*>("removeMachineQuestion"));
    QVERIFY(page.press("easel", "removeMachineButton"));
    QTRY_VERIFY_WITH_TIMEOUT(machine.app->window.findChild<QMessageBox*>("removeMachineQuestion"), kPatience);
    question = machine.app->window.findChild<QMessageBox*>("removeMachineQuestion");
    m_scenes->succeed("list");
    press(question, QMessageBox::DestructiveRole);
    QTRY_VERIFY_WITH_TIMEOUT(page.row("easel").isEmpty(), kPatience);
    // A machine of this name later is another one, with another certificate.
    QVERIFY(machine.app->studio.servers().all().isEmpty());
}

void TestCloudMachines::drawsOnAMachineOfOnes() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    server.ticket = "ticket-0123456789";
    server.key = "easel_0123456789abcdefghij";
    m_scenes->succeed("pair", {pairingFor(server, identity)});
    App app(folder(), QUrl(), Scenes::program());
    {
        const Page page(app);
        QTRY_VERIFY_WITH_TIMEOUT(page.button("easel", "useMachineButton"), kPatience);
        QVERIFY(page.press("easel", "useMachineButton"));
        QTRY_VERIFY_WITH_TIMEOUT(app.tunnels.last() != nullptr, kPatience);
        Q_EMIT app.tunnels.last()->opened(server.url().port());
        QTRY_COMPARE_WITH_TIMEOUT(app.link.state(), State::Connected, kPatience);
        QTRY_VERIFY(!page.dialog);
    }
    // Next time it is known.
    QVERIFY(app.studio.setServerAddress("http://127.0.0.1:1"));
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("easel", "useMachineButton"), kPatience);
    QVERIFY(page.press("easel", "useMachineButton"));
    QCOMPARE(app.link.state(), State::OpeningTunnel);
    QCOMPARE(m_scenes->calls("pair").size(), 1);
}

void TestCloudMachines::saysWhyItIsNotLetIn() {
    m_scenes->succeed("pair", {tests::pairingLine("ticket-0123456789", QByteArray(64, 'a'))});
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("easel", "useMachineButton"), kPatience);
    QVERIFY(page.press("easel", "useMachineButton"));
    QTRY_VERIFY_WITH_TIMEOUT(app.tunnels.last() != nullptr, kPatience);
    Q_EMIT app.tunnels.last()->failed(
        {0, "no_permission", "Not allowed", "You may not open a tunnel.", std::nullopt});
    QTRY_COMPARE_WITH_TIMEOUT(app.find<QLabel>("noticeText")->text(), "You may not open a tunnel.",
                              kPatience);
    QVERIFY(app.studio.servers().all().isEmpty());
    m_scenes->succeed("pair", {R"({"event":"pairing","code":"easel://half"})"});
    QVERIFY(page.press("easel", "useMachineButton"));
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QLabel>("noticeText")->text().contains("no ticket"), kPatience);
}

void TestCloudMachines::tellsOfTheMachineBehindTheChip() {
    m_scenes->succeed("status", {machineLine("running", 22'320, 1.32)});
    MachineApp machine(folder());
    App& app = *machine.app;
    QVERIFY(machine.isReady());
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE_WITH_TIMEOUT(machine.server.streamCount("j_1"), 1, kPatience);
    machine.server.draw("j_1");
    QTRY_COMPARE_WITH_TIMEOUT(app.cloud.keeper.pictures(), 1, kPatience);
    QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
    QVERIFY(app.find<QWidget>("machineNote")->isVisible());
    QCOMPARE(app.find<QLabel>("machineState")->text(), "easel on Google Cloud: running, 6 h 12 min left");
    const QString money = app.find<QLabel>("machineMoney")->text();
    QVERIFY2(money.startsWith("$1.32 since it was started, for the one picture"), qPrintable(money));
    app.cloud.keeper.countPicture();
    const QString shared = app.find<QLabel>("machineMoney")->text();
    QVERIFY2(shared.contains("$0.66 for each of the 2 pictures"), qPrintable(shared));
    QVERIFY(app.find("stopButton")->isVisible() && !app.find("startButton")->isVisible());
    app.find<QCheckBox>("prolongMachineBox")->click();
    QVERIFY(app.cloud.keeper.prolongs());
    m_scenes->succeed("stop", {machineLine("stopped")});
    m_scenes->succeed("status", {machineLine("stopped")});
    app.find("stopButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(app.find("startButton")->isVisible(), kPatience);
    QCOMPARE(app.find<QAbstractButton>("startButton")->text(), "Start · $0.73 an hour");
    app.find<QWidget>("serverPopover")->hide();
    // Somewhere else there is no machine to tell of.
    FakeEasel other;
    QVERIFY(app.studio.setServerAddress(other.url().toString()));
    QVERIFY(app.find<QWidget>("machineNote")->isHidden());
    QVERIFY(app.find<QWidget>("machineStrip")->isHidden());
}

void TestCloudMachines::countsDownBeforeItStops() {
    MachineApp machine(folder());
    App& app = *machine.app;
    app.cloud.keeper.setIdleMinutes(20);
    QVERIFY(machine.isReady());
    QVERIFY(app.find<QWidget>("machineStrip")->isHidden());
    machine.time += 20min;
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QWidget>("machineStrip")->isVisible(), kPatience);
    machine.time += 5s;
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QLabel>("machineStripWords")->text().contains("is stopped in 1:55"),
                             kPatience);
    QCOMPARE(app.find("machineStripYes")->text(), "Keep it running");
    app.find("machineStripYes")->click();
    QVERIFY(app.find<QWidget>("machineStrip")->isHidden());
    m_scenes->succeed("stop", {machineLine("stopped")});
    machine.time += 20min;
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QWidget>("machineStrip")->isVisible(), kPatience);
    QVERIFY(m_scenes->calls("stop").isEmpty());
    m_scenes->succeed("status", {machineLine("stopped")});
    machine.time += 2min;
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QLabel>("noticeText")->text().contains("nothing was drawn for 20 min"),
                             kPatience);
    QTRY_COMPARE_WITH_TIMEOUT(app.find("machineStripYes")->text(), "Start · $0.73 an hour", kPatience);
}

void TestCloudMachines::asksWhetherToProlong() {
    m_scenes->succeed("status", {machineLine("running", 14 * 60)});
    m_scenes->succeed("extend", {machineLine("running", 74 * 60)});
    MachineApp machine(folder());
    App& app = *machine.app;
    QVERIFY(machine.isReady());
    QVERIFY(app.find<QWidget>("machineStrip")->isHidden());
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QWidget>("machineStrip")->isVisible(), kPatience);
    QVERIFY(app.find<QLabel>("machineStripWords")->text().contains("14 min"));
    QCOMPARE(app.find("machineStripYes")->text(), "An hour more · $0.73");
    m_scenes->succeed("status", {machineLine("running", 74 * 60)});
    app.find("machineStripYes")->click();
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QLabel>("noticeText")->text().contains("an hour longer"), kPatience);
    QVERIFY(app.cloud.keeper.prolongs());
    QVERIFY(app.find<QWidget>("machineStrip")->isHidden());
}

void TestCloudMachines::startsWhatIsOff() {
    m_scenes->succeed("status", {machineLine("stopped")});
    m_scenes->set("start", {stageLine("ready", "running", "Waiting until the server is ready"),
                            "%until ready", machineLine("running"), R"({"event":"done"})"});
    MachineApp machine(folder());
    App& app = *machine.app;
    Q_EMIT app.tunnels.last()->failed({0, remote::kMachineStopped, "stopped", "It is off.", std::nullopt});
    QTRY_VERIFY_WITH_TIMEOUT(app.find("machineStripYes")->isVisible(), kPatience);
    QVERIFY(app.find<QWidget>("serverChip")->accessibleName().contains("stopped"));
    QCOMPARE(app.find<QLabel>("generateHint")->text(), "The machine is off: drawn once it runs");
    app.find("machineStripYes")->click();
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QLabel>("machineStripWords")
                                 ->text()
                                 .contains("Starting easel… Waiting until the server is ready"),
                             kPatience);
    m_scenes->succeed("status", {machineLine("running")});
    m_scenes->write("ready", {});
    QTRY_COMPARE_WITH_TIMEOUT(app.link.state(), State::OpeningTunnel, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QWidget>("machineStrip")->isHidden(), kPatience);
}

void TestCloudMachines::saysWhyAMachineCantBeReached() {
    MachineApp machine(folder());
    App& app = *machine.app;
    Q_EMIT app.tunnels.last()->failed(
        {0, "not_logged_in", "Not signed in to Google Cloud", "gcloud is not signed in.", std::nullopt});
    QVERIFY2(app.find<QWidget>("serverChip")->accessibleName().contains("Not signed in"),
             qPrintable(app.find<QWidget>("serverChip")->accessibleName()));
    QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
    QCOMPARE(app.find<QLabel>("serverDetails")->text(), "gcloud is not signed in.");
    app.find("tryNowButton")->click();
    QCOMPARE(app.tunnels.last()->reopened, 1);
    QCOMPARE(app.link.state(), State::OpeningTunnel);
    // What a person reads in the field leads back here.
    QCOMPARE(app.find<QWidget>("serverPopover")->findChild<QLineEdit*>("addressEdit")->text(),
             "gcp:my-project/us-central1-a/easel");
}

void TestCloudMachines::asksOfWhichMachineALinkIs() {
    App app(folder(), QUrl());
    app.window.open(
        "easel://10.128.0.2:5000?ticket=ticket-0123456789&gcp=my-project/us-central1-a/easel&fingerprint=" +
        QString(64, 'a'));
    const auto* question = app.find<QMessageBox>("openLinkQuestion");
    QVERIFY2(question->text().contains("my-project/us-central1-a/easel"), qPrintable(question->text()));
    QVERIFY(!app.tunnels.last());
}

QTEST_MAIN(TestCloudMachines)
#include "test_cloud_machines.moc"
