// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QDialog>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QTest>

#include "desktop/remote/fingerprint.h"
#include "desktop/remote/servers.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;
using State = remote::ServerLink::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";

QString codeFor(const FakeEasel& server, const QString& name = {}, const QByteArray& fingerprint = {}) {
    return QStringLiteral("easel://127.0.0.1:%1?ticket=%2&name=%3%4")
        .arg(server.url().port())
        .arg(QString::fromLatin1(server.ticket.value_or("no-ticket-at-all")), name,
             fingerprint.isEmpty() ? QString() : "&fingerprint=" + QString::fromLatin1(fingerprint));
}

QWidget* popover(const App& app) {
    auto* opened = app.find<QWidget>("serverPopover");
    if (!opened->isVisible()) {
        QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
    }
    return opened;
}

QLineEdit* field(const App& app) {
    return popover(app)->findChild<QLineEdit*>("addressEdit");
}

void paste(const App& app, const QString& text) {
    field(app)->setText(text);
    QTest::keyClick(field(app), Qt::Key_Return);
}

/// The rows of the list, as they stand there now.
QList<QAbstractButton*> rows(const App& app) {
    QList<QAbstractButton*> shown;
    for (auto* row : popover(app)->findChildren<QAbstractButton*>("serverRow")) {
        if (row->isVisible()) {
            shown << row;
        }
    }
    return shown;
}

QString noteOf(const App& app) {
    return popover(app)->findChild<QLabel*>("note")->text();
}

QAction* actionOf(const App& app, int row, const QString& text) {
    QAbstractButton* more =
        rows(app).at(row)->parentWidget()->findChild<QAbstractButton*>("serverMenuButton");
    for (QAction* action : more->findChild<QMenu*>()->actions()) {
        if (action->text().contains(text)) {
            return action;
        }
    }
    return nullptr;
}

/// Presses the button of an open question that says `text`.
bool answer(const App& app, const char* question, const QString& text) {
    auto* box = app.window.findChild<QMessageBox*>(QLatin1String(question));
    if (box == nullptr) {
        return false;
    }
    for (QAbstractButton* button : box->buttons()) {
        if (button->text().contains(text)) {
            button->click();
            return true;
        }
    }
    return false;
}

QString notice(const App& app) {
    auto* bar = app.find<QWidget>("noticeBar");
    return bar->isVisible() ? bar->accessibleName() : QString();
}

}  // namespace

/// Getting to a server, and what the window says on the way.
class TestConnecting : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void pairsByACode();
    void saysWhatIsWrongWithACode();
    void asksWhetherToTrust();
    void hasNoWayOnAfterAChange();
    void goesFromServerToServer();
    void tellsOfAGpuThatIsNotUsed();
    void renamesAndForgets();
    void saysWhenTheKeyIsRevoked();
    void asksBeforeItFollowsALink();
    void refusesALinkThatMakesNoSense();
    void namesEverything();
};

void TestConnecting::pairsByACode() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_COMPARE(app.page(), "connectPage");
    auto* page = app.find<QWidget>("connectPage");
    page->findChild<QLineEdit*>("addressEdit")->setText(codeFor(server, "GPU%20box"));
    QTest::mouseClick(page->findChild<QAbstractButton*>("connectButton"), Qt::LeftButton);
    QVERIFY(!page->findChild<QAbstractButton*>("connectButton")->isEnabled());
    QTRY_COMPARE(app.page(), "emptyPage");
    QCOMPARE(app.find<QWidget>("serverChip")->accessibleName(), "Server: GPU box · a pencil · ready");
    // There is no keyring, and it says so.
    QTRY_VERIFY2(notice(app).contains("lasts until Easel closes"), qPrintable(notice(app)));
    // Neither the code nor the key is to be seen.
    for (const QLineEdit* edit : app.window.findChildren<QLineEdit*>()) {
        QVERIFY2(!edit->text().contains("ticket"), qPrintable(edit->text()));
    }
    QVERIFY(page->findChild<QAbstractButton*>("connectButton")->isEnabled());
}

void TestConnecting::saysWhatIsWrongWithACode() {
    FakeEasel server;
    server.key = kKey;
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_COMPARE(app.page(), "connectPage");
    paste(app, "easel://gpu-box");
    QVERIFY2(noteOf(app).contains("no ticket"), qPrintable(noteOf(app)));
    paste(app, codeFor(server));
    QTRY_VERIFY2(noteOf(app).contains("Make another"), qPrintable(noteOf(app)));
    QTest::qWait(200);  // The link tries again meanwhile, and has its own troubles to tell.
    QVERIFY2(noteOf(app).contains("Make another"), qPrintable(noteOf(app)));
    paste(app, "easel_short");
    QVERIFY2(noteOf(app).contains("not complete"), qPrintable(noteOf(app)));
    QVERIFY(popover(app)->isVisible());
}

void TestConnecting::asksWhetherToTrust() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::CertificateUnknown);
    QTRY_COMPARE(app.page(), "connectPage");
    auto* page = app.find<QWidget>("connectPage");
    auto* print = page->findChild<QLabel*>("presentedPrint");
    QVERIFY(print->isVisible());
    QCOMPARE(remote::parseFingerprint(print->text()), remote::fingerprintOf(identity.certificate));
    QVERIFY(!page->findChild<QLabel*>("trustedPrint")->isVisible());
    QVERIFY(popover(app)->findChild<QLabel*>("presentedPrint")->isVisible());
    app.press(Qt::Key_Escape);
    auto* trust = page->findChild<QAbstractButton*>("trustButton");
    QVERIFY(trust->isVisible());
    QTest::mouseClick(trust, Qt::LeftButton);
    QTRY_COMPARE(app.page(), "emptyPage");
    QVERIFY(!trust->isVisible());
}

void TestConnecting::hasNoWayOnAfterAChange() {
    const auto identity = tests::makeIdentity();
    const auto other = tests::makeIdentity();
    FakeEasel server(identity);
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::CertificateUnknown);
    app.studio.servers().trust();
    QTRY_COMPARE(app.link.state(), State::Connected);
    server.http().setIdentity(other);
    QTRY_COMPARE(app.link.state(), State::CertificateChanged);
    QTRY_VERIFY2(notice(app).contains("another certificate"), qPrintable(notice(app)));
    QWidget* opened = popover(app);
    QCOMPARE(remote::parseFingerprint(opened->findChild<QLabel*>("trustedPrint")->text()),
             remote::fingerprintOf(identity.certificate));
    QCOMPARE(remote::parseFingerprint(opened->findChild<QLabel*>("presentedPrint")->text()),
             remote::fingerprintOf(other.certificate));
    QVERIFY(!opened->findChild<QAbstractButton*>("trustButton")->isVisible());
    opened->findChild<QAbstractButton*>("forgetChangedButton")->click();
    QVERIFY(answer(app, "forgetServerQuestion", "orget"));
    QTRY_COMPARE(app.link.state(), State::NoAddress);
    QCOMPARE(app.find<QWidget>("serverChip")->accessibleName(), "Server: No server chosen");
    QVERIFY(rows(app).isEmpty());
}

void TestConnecting::goesFromServerToServer() {
    FakeEasel server;
    FakeEasel other;
    other.info.deviceName = "a brush";
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::Connected);
    paste(app, other.url().toString());
    QTRY_VERIFY(app.link.describe().contains("a brush"));
    QCOMPARE(rows(app).size(), 2);
    QVERIFY(!rows(app).at(0)->isChecked());
    QVERIFY(rows(app).at(1)->isChecked());
    QTest::mouseClick(rows(app).at(0), Qt::LeftButton);
    QTRY_VERIFY(app.link.describe().contains("a pencil"));
    QTRY_VERIFY(rows(app).at(0)->isChecked());
    QVERIFY(!rows(app).at(1)->isChecked());
}

void TestConnecting::tellsOfAGpuThatIsNotUsed() {
    FakeEasel server;
    server.info.deviceWarning = "The NVIDIA device at 0000:00:04.0 has no driver.";
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::Connected);
    QTRY_VERIFY(app.find<QWidget>("serverChip")->accessibleName().endsWith("ready, but not on the GPU"));
    const auto details = popover(app)->findChild<QLabel*>("serverDetails")->text();
    QVERIFY2(details.startsWith("Not on the GPU: The NVIDIA device"), qPrintable(details));
    server.info.deviceWarning.clear();
    QTRY_VERIFY(!app.find<QWidget>("serverChip")->accessibleName().contains("GPU"));
}

void TestConnecting::renamesAndForgets() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::Connected);
    actionOf(app, 0, "ename")->trigger();
    auto* dialog = app.find<QInputDialog>("renameServerDialog");
    dialog->setTextValue("The big one");
    dialog->accept();
    QTRY_COMPARE(rows(app).at(0)->text(), "The big one");
    QVERIFY(app.find<QWidget>("serverChip")->accessibleName().startsWith("Server: The big one · "));
    actionOf(app, 0, "orget")->trigger();
    QVERIFY(answer(app, "forgetServerQuestion", "Cancel"));
    QCOMPARE(rows(app).size(), 1);
    QTRY_VERIFY(!app.window.findChild<QMessageBox*>("forgetServerQuestion"));
    actionOf(app, 0, "orget")->trigger();
    QVERIFY(answer(app, "forgetServerQuestion", "orget"));
    QTRY_VERIFY(rows(app).isEmpty());
    QVERIFY(!app.studio.hasChosenServer());
}

void TestConnecting::saysWhenTheKeyIsRevoked() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    App app(folder(), QUrl());
    paste(app, codeFor(server, "GPU%20box"));
    QTRY_COMPARE(app.link.state(), State::Connected);
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.key = "easel_another-key-of-another-time";
    server.http().cut();
    QTRY_COMPARE(app.link.state(), State::KeyRefused);
    QCOMPARE(app.find<QWidget>("serverChip")->accessibleName(), "Server: GPU box · key refused");
    QVERIFY2(notice(app).contains("revoked") && notice(app).contains("waits"), qPrintable(notice(app)));
    QCOMPARE(app.model.tileCount(), 1);
    server.ticket = "ticket-of-later";
    paste(app, codeFor(server));
    QTRY_COMPARE(app.link.state(), State::Connected);
    QTRY_COMPARE(server.jobCount(), 2);
    QTRY_VERIFY2(!notice(app).contains("revoked"), qPrintable(notice(app)));
}

void TestConnecting::asksBeforeItFollowsALink() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    App app(folder(), QUrl("http://127.0.0.1:1"));
    const QString link = codeFor(server, "%3Cb%3EBig%3C%2Fb%3E");
    app.window.open(link);
    auto* question = app.find<QMessageBox>("openLinkQuestion");
    QVERIFY2(question->text().contains("<b>Big</b> (127.0.0.1"), qPrintable(question->text()));
    QCOMPARE(question->textFormat(), Qt::PlainText);
    QVERIFY(answer(app, "openLinkQuestion", "Cancel"));
    QTest::qWait(100);
    QVERIFY(server.http().requests().isEmpty());
    QTRY_VERIFY(!app.window.findChild<QMessageBox*>("openLinkQuestion"));
    app.window.open(link);
    QVERIFY(answer(app, "openLinkQuestion", "onnect"));
    QTRY_COMPARE(app.link.state(), State::Connected);
}

void TestConnecting::refusesALinkThatMakesNoSense() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    app.window.open("easel://gpu-box");
    QVERIFY(!app.window.findChild<QMessageBox*>("openLinkQuestion"));
    QTRY_VERIFY2(notice(app).contains("no ticket"), qPrintable(notice(app)));
}

void TestConnecting::namesEverything() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::CertificateUnknown);
    app.studio.servers().rename(app.studio.servers().current()->id, QString(60, 'W'));
    QVERIFY(app.find<QWidget>("serverChip")->sizeHint().width() < 450);
    const QWidget* opened = popover(app);
    int buttons = 0;
    for (const auto* button : opened->findChildren<QAbstractButton*>()) {
        if (button->isVisible() && button->focusPolicy() != Qt::NoFocus) {
            ++buttons;
            QVERIFY2(!button->accessibleName().isEmpty() || !button->text().isEmpty(),
                     qPrintable(button->objectName()));
            // However long a name is, all of it lies within.
            QVERIFY(opened->rect().contains(button->mapTo(opened, button->rect().bottomRight())));
        }
    }
    QVERIFY(buttons >= 5);
}

QTEST_MAIN(TestConnecting)
#include "test_connecting.moc"
