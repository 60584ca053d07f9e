// SPDX-License-Identifier: Apache-2.0
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QSpinBox>

#include "desktop/remote/servers.h"
#include "tests/desktop/ui/window/cloud_test.h"

using namespace easel;
using tests::actionNamed;
using tests::App;
using tests::FakeEasel;
using tests::machineLine;
using tests::Scenes;
using tests::stageLine;
using State = remote::ServerLink::State;
using tests::cloud::CloudTest;
using tests::cloud::kPatience;
using tests::cloud::Page;
using tests::cloud::pairingFor;
using tests::cloud::press;

/// A machine on Google Cloud made without a terminal.
class TestCloud : public CloudTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { beginWithCloud(); }
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

QTEST_MAIN(TestCloud)
#include "test_cloud.moc"
