// SPDX-License-Identifier: Apache-2.0
#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QSpinBox>

#include "desktop/remote/servers.h"
#include "desktop/ui/parts/action_row.h"
#include "tests/desktop/ui/window/machine_app.h"

using namespace easel;
using namespace std::chrono_literals;
using tests::actionNamed;
using tests::App;
using tests::FakeEasel;
using tests::MachineApp;
using tests::machineLine;
using tests::Scenes;
using tests::stageLine;
using State = remote::ServerLink::State;

namespace {

constexpr int kPatience = 20'000;  // milliseconds

/// The page, open.
struct Page {
    App& app;
    QPointer<QDialog> dialog;

    explicit Page(App& of) : app(of) {
        actionNamed(app, "Machines on &Google Cloud…")->trigger();
        dialog = app.find<QDialog>("cloudDialog");
    }
    template <typename T = QPushButton>
    T* find(const char* name) const {
        T* found = dialog->findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    bool isShown(const char* name) const { return find<QWidget>(name)->isVisible(); }
    QString text(const char* label) const { return find<QLabel>(label)->text(); }
    /// The button of the row in whose words `text` is found; one that goes is hidden at once.
    QPushButton* button(const QString& text, const char* name) const {
        for (auto* row : dialog->findChildren<ui::ActionRow*>()) {
            if (!row->isVisible() || !row->accessibleName().contains(text)) {
                continue;
            }
            for (auto* each : row->findChildren<QPushButton*>(name)) {
                if (each->isVisible()) {
                    return each;
                }
            }
        }
        return nullptr;
    }
    /// As soon as it can be pressed.
    bool press(const QString& text, const char* name) const {
        const auto isFree = [&] { return button(text, name) && button(text, name)->isEnabled(); };
        const bool isThere = QTest::qWaitFor(isFree, kPatience);
        if (isThere) {
            button(text, name)->click();
        }
        return isThere;
    }
    QString row(const QString& text) const {
        for (auto* each : dialog->findChildren<ui::ActionRow*>()) {
            if (each->isVisible() && each->accessibleName().contains(text)) {
                return each->accessibleName();
            }
        }
        return {};
    }
    bool isPriced() const {
        return QTest::qWaitFor([this] { return find("makeMachineButton")->isEnabled(); }, kPatience);
    }
};

/// The line with a code for this server.
QString pairingFor(const FakeEasel& server, const tests::Identity& identity) {
    return tests::pairingLine(*server.ticket, remote::fingerprintOf(identity.certificate));
}

void press(QMessageBox* question, QMessageBox::ButtonRole role) {
    for (auto* button : question->buttons()) {
        if (question->buttonRole(button) == role) {
            return button->click();
        }
    }
    qFatal("no such button");
}

}  // namespace

/// Google Cloud without a terminal: the page, the strip and the panel behind the chip.
class TestCloud : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }  // its words hold amounts of money
    void init() {
        begin();
        m_scenes = std::make_unique<Scenes>(folder() + "/scenes");
        tests::allIsWell(*m_scenes);
    }
    void isReachedFromEverywhere();
    void saysWhatIsMissing();
    void signsInAndGoesOn();
    void showsWhatItCostsFirst();
    void holdsTheFormToItsRules();
    void makesAMachineAndConnects();
    void keepsMakingBehindAClosedPage();
    void asksBeforeItLeavesOneHalfMade();
    void saysWhyItFailedAndGoesOn();
    void cancelsAndRemoves();
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

private:
    std::unique_ptr<Scenes> m_scenes;
};

void TestCloud::isReachedFromEverywhere() {
    App app(folder(), QUrl(), Scenes::program());
    QTRY_COMPARE_WITH_TIMEOUT(app.page(), "connectPage", kPatience);
    for (const char* const way : {"newMachineButton", "cloudButton"}) {
        QVERIFY(m_scenes->calls().isEmpty() || QLatin1String(way) != u"newMachineButton");
        app.find(way)->click();
        QPointer<QDialog> dialog = app.find<QDialog>("cloudDialog");
        QVERIFY(dialog->isVisible());
        dialog->close();
        QTRY_VERIFY(!dialog);
    }
    const Page page(app);
    actionNamed(app, "Machines on &Google Cloud…")->trigger();
    QCOMPARE(app.window.findChildren<QDialog*>("cloudDialog").size(), 1);
}

void TestCloud::saysWhatIsMissing() {
    m_scenes->fail("account", "gcloud_missing", "gcloud is not here.", "Install it.", "https://x.example/");
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    auto* trouble = page.find<QWidget>("accountTrouble");
    QTRY_VERIFY_WITH_TIMEOUT(trouble->isVisible(), kPatience);
    QCOMPARE(trouble->findChild<QLabel*>("troubleDetail")->text(), "gcloud is not here.");
    QCOMPARE(trouble->findChild<QLabel*>("troubleRemedy")->text(), "Install it.");
    QVERIFY(trouble->findChild<QPushButton*>("troublePageButton")->isVisible());
    QVERIFY(!page.isShown("signInButton"));
    QVERIFY(!page.isShown("makeMachineButton"));
    tests::allIsWell(*m_scenes);
    page.find("lookAgainButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page.isShown("makeMachineButton"), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(page.row("easel").contains("running"), kPatience);
}

void TestCloud::signsInAndGoesOn() {
    QDir().mkpath(folder() + "/bin");
    QFile gcloud(folder() + "/bin/gcloud");
    QVERIFY(gcloud.open(QIODevice::WriteOnly));
    gcloud.write("#!/bin/sh\nexit 0\n");
    gcloud.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    gcloud.close();
    const QByteArray before = qgetenv("PATH");
    qputenv("PATH", folder().toUtf8() + "/bin:" + before);
    m_scenes->fail("account", "not_logged_in", "gcloud is not signed in.");
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.isShown("signInButton"), kPatience);
    tests::allIsWell(*m_scenes);
    page.find("signInButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page.isShown("makeMachineButton"), kPatience);
    QCOMPARE(page.text("accountLabel"), "Signed in as ada@example.com");
    qputenv("PATH", before);
}

void TestCloud::showsWhatItCostsFirst() {
    m_scenes->succeed("list");
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QVERIFY(page.isPriced());
    QCOMPARE(page.text("priceLabel"), "$5.76 for 8 h");
    page.find<QCheckBox>("prolongBox")->setChecked(false);
    QCOMPARE(page.text("priceLabel"), "$5.76 at most");  // Nothing makes it more.
    QVERIFY(page.text("priceNote").contains("$0.72 an hour"));
    QVERIFY(page.text("priceNote").contains("$6.00 a month"));
    QVERIFY(page.find<QComboBox>("gpuBox")->currentText().contains("$0.71 an hour"));
    QCOMPARE(m_scenes->calls("up").last(),
             "up --project my-project --name easel --gpu l4 --hours 8 --model "
             "stable-diffusion-v1-5/stable-diffusion-v1-5 --dry-run --json");
    // Another wish has another price, and until it is known nothing can be made.
    page.find<QSpinBox>("hoursBox")->setValue(3);
    QVERIFY(!page.find("makeMachineButton")->isEnabled());
    QVERIFY(page.isPriced());
    QVERIFY(m_scenes->calls("up").last().contains("--hours 3"));
    page.find<QCheckBox>("spotBox")->setChecked(true);
    QVERIFY(page.find<QComboBox>("gpuBox")->currentText().contains("$0.28 an hour"));
    QVERIFY(page.isPriced());
    QVERIFY(m_scenes->calls("up").last().contains("--spot"));
    m_scenes->fail("up.dry-run", "bad_argument", "It is sold only as Spot.");
    page.find<QComboBox>("gpuBox")->setCurrentIndex(2);
    QTRY_VERIFY_WITH_TIMEOUT(page.text("priceNote").contains("It is sold only as Spot."), kPatience);
    QVERIFY(!page.find("makeMachineButton")->isEnabled());
    QVERIFY(m_scenes->calls("up").filter("--yes").isEmpty());
}

void TestCloud::holdsTheFormToItsRules() {
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QVERIFY(page.isPriced());
    auto* model = page.find<QComboBox>("cloudModelBox");
    auto* name = page.find<QLineEdit>("machineNameEdit");
    auto* token = page.find<QLineEdit>("tokenEdit");
    const auto isRefused = [&] { return !page.find("makeMachineButton")->isEnabled(); };
    for (const char* const wrong : {"", "My machine", "-x", "a-name-of-more-than-21-letters"}) {
        name->setText(wrong);
        QVERIFY2(isRefused(), wrong);
        QTest::qWait(450);
        QVERIFY2(isRefused(), wrong);
    }
    name->setText("night");
    QVERIFY(page.isPriced());
    QVERIFY(!page.isShown("tokenEdit"));
    model->setEditText("no model");
    QVERIFY(isRefused());
    QVERIFY(!page.find("licenceButton")->isEnabled());
    model->setEditText("someone/something");
    QVERIFY(page.isShown("tokenEdit"));
    QVERIFY(page.find("licenceButton")->isEnabled());
    token->setText("not a token");
    QVERIFY(isRefused());
    token->setText("hf_abc");
    QVERIFY(page.isPriced());
    QVERIFY(
        m_scenes->calls("up").last().contains("--name night --gpu l4 --hours 8 --model someone/something"));
    QVERIFY(m_scenes->calls("up").filter("hf_abc").isEmpty());
    // The small one of Easel's own needs neither.
    model->setCurrentIndex(model->count() - 1);
    QVERIFY(!page.isShown("tokenEdit"));
    QVERIFY(page.isPriced());
    QVERIFY(m_scenes->calls("up").last().contains("--model none"));
    model->setCurrentIndex(1);
    QVERIFY(page.isShown("tokenEdit"));  // Its licence has to be accepted.
}

void TestCloud::makesAMachineAndConnects() {
    m_scenes->succeed("list");
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    server.key = "easel_0123456789abcdefghij";
    server.ticket = "ticket-0123456789";
    m_scenes->set(
        "up", {stageLine("project", "done", "Looking at the project"),
               stageLine("machine", "running", "Making the machine", "easel in us-central1-a"), "%until made",
               machineLine("running"), stageLine("machine", "done", "Making the machine"),
               pairingFor(server, identity), R"({"event":"done"})"});
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QVERIFY(page.isPriced());
    page.find<QComboBox>("idleBox")->setCurrentIndex(2);
    QVERIFY(!app.cloud.keeper.hasSaidWhetherToProlong());
    page.find("makeMachineButton")->click();
    QVERIFY(app.cloud.keeper.prolongs());
    QCOMPARE(app.cloud.keeper.idleMinutes(), 20);
    QTRY_COMPARE_WITH_TIMEOUT(app.cloud.maker.steps().size(), 2U, kPatience);
    QVERIFY(page.isShown("makingPage"));
    QCOMPARE(page.text("makingHeading"), "Making easel");
    QVERIFY(page.isShown("cancelMakingButton") && !page.isShown("makeMachineButton"));
    m_scenes->write("made", {});
    QTRY_VERIFY_WITH_TIMEOUT(app.tunnels.last() != nullptr, kPatience);
    QVERIFY(app.tunnels.last()->place == tests::kMachinePlace);
    QCOMPARE(page.text("makingHeading"), "easel is ready");
    Q_EMIT app.tunnels.last()->opened(server.url().port());
    QTRY_COMPARE_WITH_TIMEOUT(app.link.state(), State::Connected, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(!page.dialog, kPatience);
    QVERIFY(app.cloud.keeper.place() == tests::kMachinePlace);
}

void TestCloud::keepsMakingBehindAClosedPage() {
    m_scenes->set("up",
                  {stageLine("quota", "waiting", "Checking the GPU quota"), "%until done",
                   R"({"event":"error","code":"quota_refused","detail":"Google has said no."})", "%exit 1"});
    App app(folder(), QUrl(), Scenes::program());
    {
        const Page page(app);
        QVERIFY(page.isPriced());
        page.find("makeMachineButton")->click();
        page.find("closeCloudButton")->click();
        QTRY_VERIFY(!page.dialog);
    }
    QVERIFY(app.cloud.maker.isBusy());
    {
        const Page page(app);
        QVERIFY(page.isShown("makingPage"));
        page.find("closeCloudButton")->click();
        QTRY_VERIFY(!page.dialog);
    }
    m_scenes->write("done", {});
    QTRY_VERIFY_WITH_TIMEOUT(app.find<QWidget>("noticeBar")->isVisible(), kPatience);
    QCOMPARE(app.find<QLabel>("noticeText")->text(), "Google has said no.");
    // And it can be gone on with.
    const Page page(app);
    QVERIFY(page.isShown("makingPage"));
    QVERIFY(page.isShown("makeAgainButton"));
}

void TestCloud::asksBeforeItLeavesOneHalfMade() {
    m_scenes->set("up", {stageLine("machine", "running", "Making the machine"), "%until never"});
    App app(folder(), QUrl(), Scenes::program());
    {
        const Page page(app);
        QVERIFY(page.isPriced());
        page.find("makeMachineButton")->click();
        page.find("closeCloudButton")->click();
        QTRY_VERIFY(!page.dialog);
    }
    const auto question = [&] { return app.window.findChild<QMessageBox*>("leaveQuestion"); };
    QVERIFY(!app.window.close());
    QVERIFY(!app.window.close());
    QCOMPARE(app.window.findChildren<QMessageBox*>("leaveQuestion").size(), 1);
    question()->escapeButton()->click();
    QTRY_VERIFY(!question());
    QVERIFY(app.window.isVisible());
    QVERIFY(!app.window.close());
    press(question(), QMessageBox::DestructiveRole);
    QVERIFY(!app.window.isVisible());
}

void TestCloud::saysWhyItFailedAndGoesOn() {
    m_scenes->succeed("list");
    m_scenes->set(
        "up",
        {stageLine("quota", "failed", "Checking the GPU quota"),
         R"({"event":"error","code":"quota_zero","detail":"It may have none.","remedy":"Ask for one.","url":"https://x.example/"})",
         "%exit 1"});
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QVERIFY(page.isPriced());
    page.find("makeMachineButton")->click();
    const auto inPage = [&](const char* name) {
        return page.find<QWidget>("makingPage")->findChild<QWidget*>(name);
    };
    QTRY_VERIFY_WITH_TIMEOUT(inPage("troubleNote")->isVisible(), kPatience);
    QCOMPARE(qobject_cast<QLabel*>(inPage("troubleDetail"))->text(), "It may have none.");
    QVERIFY(inPage("troublePageButton")->isVisible());
    QVERIFY(!page.isShown("cancelMakingButton"));
    const QString asked = m_scenes->calls("up").last();
    page.find("makeAgainButton")->click();
    QTRY_COMPARE_WITH_TIMEOUT(m_scenes->calls("up").filter("--yes").size(), 2, kPatience);
    QCOMPARE(m_scenes->calls("up").last(), asked);
    QTRY_VERIFY_WITH_TIMEOUT(inPage("troubleNote")->isVisible(), kPatience);
    page.find("makeBackButton")->click();
    QVERIFY(page.isShown("makeMachineButton"));
    QCOMPARE(page.find<QLineEdit>("machineNameEdit")->text(), "easel");
}

void TestCloud::cancelsAndRemoves() {
    m_scenes->succeed("list");
    m_scenes->set("up", {stageLine("network", "running", "Making a network"), "%until never"});
    m_scenes->set("down.ask",
                  {R"({"event":"question","id":"down","text":"The network easel-net."})", "%exit 3"});
    m_scenes->succeed("down");
    App app(folder(), QUrl(), Scenes::program());
    const Page page(app);
    QVERIFY(page.isPriced());
    page.find("makeMachineButton")->click();
    QTRY_COMPARE_WITH_TIMEOUT(app.cloud.maker.steps().size(), 1U, kPatience);
    page.find("cancelMakingButton")->click();
    QTRY_COMPARE_WITH_TIMEOUT(page.text("makingHeading"), "Cancelled", kPatience);
    page.find("makeRemoveButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(app.window.findChild<QMessageBox*>("removeMachineQuestion"), kPatience);
    auto* question = app.window.findChild<QMessageBox*>("removeMachineQuestion");
    QCOMPARE(question->informativeText(), "The network easel-net.");
    press(question, QMessageBox::DestructiveRole);
    QTRY_VERIFY_WITH_TIMEOUT(page.isShown("makeMachineButton"), kPatience);
    // Nobody knows yet in which zone it is.
    QCOMPARE(m_scenes->calls("down"), QStringList({"down easel --project my-project --json",
                                                   "down easel --project my-project --yes --json"}));
}

void TestCloud::listsMachines() {
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

void TestCloud::asksBeforeItRemoves() {
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

void TestCloud::drawsOnAMachineOfOnes() {
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

void TestCloud::saysWhyItIsNotLetIn() {
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

void TestCloud::tellsOfTheMachineBehindTheChip() {
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

void TestCloud::countsDownBeforeItStops() {
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

void TestCloud::asksWhetherToProlong() {
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

void TestCloud::startsWhatIsOff() {
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

void TestCloud::saysWhyAMachineCantBeReached() {
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

void TestCloud::asksOfWhichMachineALinkIs() {
    App app(folder(), QUrl());
    app.window.open(
        "easel://10.128.0.2:5000?ticket=ticket-0123456789&gcp=my-project/us-central1-a/easel&fingerprint=" +
        QString(64, 'a'));
    const auto* question = app.find<QMessageBox>("openLinkQuestion");
    QVERIFY2(question->text().contains("my-project/us-central1-a/easel"), qPrintable(question->text()));
    QVERIFY(!app.tunnels.last());
}

QTEST_MAIN(TestCloud)
#include "test_cloud.moc"
