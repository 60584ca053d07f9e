// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSlider>
#include <QTcpSocket>
#include <QTest>
#include <QToolTip>

#include <algorithm>

#include "desktop/gallery/picture_model.h"
#include "desktop/ui/library/empty_pages.h"
#include "desktop/ui/library/picture_canvas.h"
#include "desktop/ui/parts/problem_mark.h"
#include "shared/protocol/routes.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using gallery::PictureModel;
using tests::App;
using tests::FakeEasel;

/// The window as a whole: how it greets, tells and remembers.
class TestMainWindow : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void beginsWithAnExample();
    void asksForAServerFirst();
    void greetsQuietlyAtTheFirstStart();
    void saysWhyThisComputerCannotDraw();
    void leadsToAServerWhenOnlyJobsAreThere();
    void saysWhatIsWrongWithAnAddress();
    void shiftsNothingWhileJobsComeAndGo();
    void noticesFilesOfOthers();
    void showsWordsAsTheyAre();
    void keepsTheFocusWhenThePageTurns();
    void remembersItsWindow();
    void hasNamesForScreenReaders();
    void tellsScreenReadersOfPictures();
    void countsTokensAsOneWrites();
    void helps();
};

void TestMainWindow::beginsWithAnExample() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_COMPARE(app.page(), "emptyPage");
    QVERIFY(app.find<QWidget>("serverChip")->accessibleName().contains("ready"));
    app.find<ui::EmptyPage>("emptyPage")->setExamples({"a boat & a house", "the sea"});
    QTest::mouseClick(app.find("exampleButton"), Qt::LeftButton);
    QCOMPARE(app.find<QPlainTextEdit>("promptEdit")->toPlainText(), "a boat & a house");
    QVERIFY(app.find<QPlainTextEdit>("promptEdit")->hasFocus());
}

void TestMainWindow::asksForAServerFirst() {
    FakeEasel server;
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_COMPARE(app.page(), "connectPage");
    auto* page = app.find<QWidget>("connectPage");
    auto* address = page->findChild<QLineEdit*>("addressEdit");
    address->selectAll();
    QTest::keyClicks(address, server.url().toString());
    QTest::mouseClick(page->findChild<QAbstractButton*>("connectButton"), Qt::LeftButton);
    QTRY_COMPARE(app.page(), "emptyPage");
    QCOMPARE(app.studio.serverAddress(), server.url().toString());
    QVERIFY(app.find<QPlainTextEdit>("promptEdit")->hasFocus());
}

void TestMainWindow::greetsQuietlyAtTheFirstStart() {
    QTcpSocket socket;
    socket.connectToHost("localhost", protocol::routes::kDefaultPort);
    if (socket.waitForConnected(1000)) {
        QSKIP("Something listens where the app looks first.");
    }
    App app(folder(), QUrl());
    QTRY_COMPARE(app.page(), "connectPage");
    auto* page = app.find<QWidget>("connectPage");
    QVERIFY(page->findChild<QLineEdit*>("addressEdit")->text().isEmpty());
    QVERIFY(page->findChild<QLabel*>("note")->text().isEmpty());
    QCOMPARE(page->findChild<QLabel*>("localNote")->text(), "No server is running on this computer yet.");
    QVERIFY(!app.studio.hasChosenServer());
    QCOMPARE(app.find<QWidget>("serverChip")->accessibleName(), "Server: No server yet");
}

void TestMainWindow::saysWhyThisComputerCannotDraw() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_COMPARE(app.page(), "connectPage");
    auto* page = app.find<QWidget>("connectPage");
    QTest::mouseClick(page->findChild<QAbstractButton*>("useThisComputerButton"), Qt::LeftButton);
    QVERIFY(page->findChild<QLabel*>("localNote")->text().startsWith("Looking for a server"));
    QTRY_VERIFY(page->findChild<QLabel*>("localNote")->text().startsWith("The program easel-server is not"));
    QVERIFY(page->findChild<QAbstractButton*>("useThisComputerButton")->hasFocus());
}

void TestMainWindow::leadsToAServerWhenOnlyJobsAreThere() {
    FakeEasel server;
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_COMPARE(app.page(), "connectPage");
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(app.page(), "galleryView");
    QTest::mouseClick(app.find("noticeAction"), Qt::LeftButton);
    QTRY_COMPARE(app.page(), "connectPage");
    auto* address = app.find<QWidget>("connectPage")->findChild<QLineEdit*>("addressEdit");
    address->setText(server.url().toString());
    QTest::keyClick(address, Qt::Key_Return);
    QTRY_COMPARE(app.page(), "galleryView");
    QTRY_COMPARE(server.jobCount(), 1);
}

void TestMainWindow::saysWhatIsWrongWithAnAddress() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
    auto* popover = app.find<QWidget>("serverPopover");
    QVERIFY(popover->isVisible());
    auto* address = popover->findChild<QLineEdit*>("addressEdit");
    address->setText("http://");
    QTest::keyClick(address, Qt::Key_Return);
    QVERIFY(popover->isVisible());
    QVERIFY(ui::isMarkedWrong(*address));
    QVERIFY(popover->findChild<QLabel*>("note")->isVisible());
    QCOMPARE(app.studio.serverAddress(), server.url().toString());
    app.press(Qt::Key_Escape);
    QTRY_VERIFY(!popover->isVisible());
}

void TestMainWindow::shiftsNothingWhileJobsComeAndGo() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.window.resize(900, 600);
    fill(app, 40);
    auto* bar = app.grid()->verticalScrollBar();
    const int away = 2 * app.grid()->gridSize().height() - 40;
    QTRY_VERIFY(bar->maximum() > away);
    bar->setValue(away);
    const QPoint place(30, 30);
    const QString first = app.grid()->indexAt(place).data(PictureModel::PathRole).toString();
    QVERIFY(!first.isEmpty());
    const auto rect = [&] { return app.grid()->visualRect(app.grid()->indexAt(place)); };
    const QRect before = rect();
    const auto stays = [&] {
        QTest::qWait(50);
        return app.grid()->indexAt(place).data(PictureModel::PathRole).toString() == first &&
               rect() == before;
    };
    auto* above = app.find<QPushButton>("newAboveButton");
    QVERIFY(!above->isVisible());
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    QVERIFY(stays());
    QVERIFY(above->isVisible());
    QCOMPARE(above->text(), "1 new above");
    server.run("j_1");
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    QTRY_COMPARE(app.model.pictureCount(), 41);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QVERIFY(stays());
    QCOMPARE(above->text(), "1 new above");
    QTest::mouseClick(above, Qt::LeftButton);
    QCOMPARE(bar->value(), 0);
    QTRY_VERIFY(!above->isVisible());
    QCOMPARE(app.grid()->model()->index(0, 0).data(PictureModel::PromptRole).toString(), "a boat");

    // A job that began in sight and ends out of sight takes nothing with it.
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_COMPARE(server.streamCount("j_2"), 1);
    bar->setValue(away);
    QCOMPARE(bar->value(), away);
    const QString second = app.grid()->indexAt(place).data(PictureModel::PathRole).toString();
    server.run("j_2");
    server.finishImage("j_2");
    server.finish("j_2", protocol::JobState::Succeeded);
    QTRY_COMPARE(app.model.pictureCount(), 42);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QTest::qWait(50);
    QCOMPARE(app.grid()->indexAt(place).data(PictureModel::PathRole).toString(), second);
    QVERIFY(!above->isVisible());
}

void TestMainWindow::noticesFilesOfOthers() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    drop(app, "other.png", tests::plainPng());
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QVERIFY(QFile::remove(folder() + "/pictures/other.png"));
    app.grid()->setFocus();
    app.press(Qt::Key_F5);
    QTRY_COMPARE(app.model.pictureCount(), 1);
}

void TestMainWindow::showsWordsAsTheyAre() {
    FakeEasel server;
    App app(folder(), server.url());
    QToolTip::showText(QPoint(10, 10), "<b>bold</b> <img src=\"x\">", &app.window);
    const auto widgets = QApplication::allWidgets();
    const auto tip = std::ranges::find_if(
        widgets, [](const QWidget* widget) { return widget->inherits("QTipLabel") && widget->isVisible(); });
    QVERIFY(tip != widgets.end());
    QCOMPARE(qobject_cast<QLabel*>(*tip)->textFormat(), Qt::PlainText);
    QToolTip::hideText();
    fill(app, 1);
    open(app, 0);
    for (const QLabel* label : app.window.findChildren<QLabel*>()) {
        if (label->isVisible()) {
            QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->objectName()));
        }
    }
}

void TestMainWindow::keepsTheFocusWhenThePageTurns() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    app.press(Qt::Key_F, Qt::ControlModifier);
    QTRY_VERIFY(app.find<QLineEdit>("searchEdit")->hasFocus());
    QTest::keyClicks(QApplication::focusWidget(), "zebra");
    QCOMPARE(app.find<QLineEdit>("searchEdit")->text(), "zebra");
    QCOMPARE(app.page(), "noMatchPage");
}

void TestMainWindow::remembersItsWindow() {
    FakeEasel server;
    {
        App app(folder(), server.url());
        app.window.resize(1000, 700);
        app.find<QSlider>("thumbnailSlider")->setValue(240);
        app.write("a boat");
        app.window.close();
    }
    App again(folder(), server.url());
    QCOMPARE(again.window.size(), QSize(1000, 700));
    QCOMPARE(again.find<QSlider>("thumbnailSlider")->value(), 240);
    QCOMPARE(again.find<QPlainTextEdit>("promptEdit")->toPlainText(), "a boat");
}

void TestMainWindow::hasNamesForScreenReaders() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    for (const QAbstractButton* button : app.window.findChildren<QAbstractButton*>()) {
        if (button->isVisible() && button->focusPolicy() != Qt::NoFocus) {
            QVERIFY2(!button->accessibleName().isEmpty() || !button->text().isEmpty(),
                     qPrintable(button->objectName()));
        }
    }
    const QModelIndex index = app.grid()->model()->index(0, 0);
    QVERIFY(index.data(Qt::AccessibleTextRole).toString().contains("picture 0"));
}

void TestMainWindow::tellsScreenReadersOfPictures() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    drop(app, "broken.png", "rubbish");
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(app.grid());
    QCOMPARE(grid->role(), QAccessible::List);
    QCOMPARE(grid->text(QAccessible::Name), "Pictures");
    QCOMPARE(grid->childCount(), 2);
    const auto name = [&](int row) { return grid->child(row)->text(QAccessible::Name); };
    QTRY_COMPARE(name(0), "broken.png\nThis file can’t be read as a picture.");
    QCOMPARE(name(1), "picture 0\nSeed 100");
    open(app, 1);
    QTRY_VERIFY(!app.find<ui::PictureCanvas>("pictureCanvas")->image().isNull());
    app.press(Qt::Key_1);
    const auto nameOf = [&](const char* part) {
        return QAccessible::queryAccessibleInterface(app.find<QWidget>(part))->text(QAccessible::Name);
    };
    QCOMPARE(nameOf("zoomLabel"), "Zoom: 100 %");
    QCOMPARE(nameOf("pictureCanvas"), "picture 0\nSeed 100");
    QCOMPARE(nameOf("detailsButton"), "Details (I)");
    app.window.findChild<ui::Library*>()->showTrash();
    QCOMPARE(nameOf("trashList"), "Deleted pictures");
}

void TestMainWindow::helps() {
    FakeEasel server;
    App app(folder(), server.url());
    app.press(Qt::Key_F1);
    auto* keys = app.find<QDialog>("shortcutsDialog");
    const auto labels = keys->findChildren<QLabel*>();
    QVERIFY(std::ranges::any_of(labels, [](const QLabel* label) { return label->text() == "Ctrl+L"; }));
    keys->close();
    const auto actions = app.find<QMenu>("mainMenu")->actions();
    const auto action = [&](const QString& text) {
        return *std::ranges::find_if(actions,
                                     [&](const QAction* each) { return each->text().contains(text); });
    };
    action("About")->trigger();
    const auto about = app.find<QDialog>("aboutDialog")->findChildren<QLabel*>();
    QVERIFY(std::ranges::any_of(about, [](const QLabel* label) { return label->text().contains("Apache"); }));
    QCOMPARE(action("ndo")->shortcut(), QKeySequence(QKeySequence::Undo));
    app.find<QDialog>("aboutDialog")->close();
    app.window.activateWindow();  // There is no window manager to do so.
    QVERIFY(QTest::qWaitForWindowActive(&app.window));
    app.find("menuButton")->setFocus();
    app.press(Qt::Key_Q, Qt::ControlModifier);
    QVERIFY(!app.window.isVisible());
}

void TestMainWindow::countsTokensAsOneWrites() {
    FakeEasel server;
    server.tokens = protocol::TokenCount{83, 2, 150, {4}, {}, {}};
    App app(folder(), server.url());
    const auto* prompt = app.find<QPlainTextEdit>("promptEdit");
    const auto* note = prompt->findChild<QLabel*>("tokenLabel");
    QTRY_VERIFY(app.link.isOnline());
    QVERIFY(note->isHidden());
    app.write("a fox on the moon");
    QTRY_VERIFY(!note->isHidden());
    QCOMPARE(note->text(), "83 tokens, 2 chunks");
    QCOMPARE(server.http().count("POST", "/v1/tokens"), 1);
    app.find<QPlainTextEdit>("negativePromptEdit")->setPlainText("rain");
    QTRY_VERIFY(!app.find<QWidget>("negativePromptEdit")->findChild<QLabel*>("tokenLabel")->isHidden());
    QCOMPARE(server.http().count("POST", "/v1/tokens"), 2);
    QCOMPARE(server.jobCount(), 0);
    server.http().stop();
    QTRY_VERIFY(note->isHidden());
}

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
