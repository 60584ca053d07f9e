// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QBuffer>
#include <QClipboard>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QDialog>
#include <QDir>
#include <QImageReader>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <memory>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/library/empty_pages.h"
#include "desktop/ui/library/gallery_view.h"
#include "desktop/ui/library/image_loader.h"
#include "desktop/ui/library/library.h"
#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/library/picture_canvas.h"
#include "desktop/ui/library/reuse.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"
#include "desktop/ui/window/main_window.h"
#include "shared/protocol/routes.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/fake_easel.h"
#include "tests/desktop/ui/window/app.h"

using namespace easel;
using gallery::PictureModel;
using tests::App;
using tests::FakeEasel;

class TestMainWindow : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void beginsWithAnExample();
    void asksForAServerFirst();
    void greetsQuietlyAtTheFirstStart();
    void saysWhyThisComputerCannotDraw();
    void leadsToAServerWhenOnlyJobsAreThere();
    void saysWhatIsWrongWithAnAddress();
    void drawsByKeyboard();
    void cancelsOnTheTile();
    void cancelsAll();
    void drawsWhatIsTyped();
    void drawsWhatIsShownAfterAChangeOfServer();
    void asksOnceForEachPress_data();
    void asksOnceForEachPress();
    void showsARefusalAtItsField();
    void keepsAFailedTileUntilItIsRetried();
    void queuesWhileTheServerIsAway();
    void showsWhereTheKeyboardIsOnJobs();
    void removesAllSelectedJobs();
    void retriesByReturn();
    void saysThatTheQueueIsPaused();
    void offersToSendToTheServerThatIsThere();
    void goesThroughPicturesByKeyboard();
    void looksCloser();
    void deletesAndBringsBack();
    void bringsBackWhatWasDeletedDaysAgo();
    void deletesOnceForEachPress();
    void deletesInTheLargeView();
    void usesSettingsAgain();
    void saysWhatIsNotTakenOver();
    void opensAMenuForAPicture();
    void showsTheFilesName();
    void keepsZoomAndPlace();
    void showsNothingButThePicture();
    void opensVeryLargePictures();
    void decodesOnlyWhatIsWanted();
    void shiftsNothingWhileJobsComeAndGo();
    void noticesFilesOfOthers();
    void showsWordsAsTheyAre();
    void searches();
    void searchesByKeyboard();
    void countsPictures();
    void keepsTheFocusWhenThePageTurns();
    void copiesPictures();
    void exportsSelectedPictures();
    void saysHowItExports();
    void showsWhatIsTransparent();
    void remembersItsWindow();
    void hasNamesForScreenReaders();
    void tellsScreenReadersOfPictures();
    void helps();

private:
    QString folder() const { return m_dir->path(); }
    /// Pictures "picture 0" (the oldest) to "picture n-1".
    void fill(App& app, int count) const;

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestMainWindow::fill(App& app, int count) const {
    for (int i = 0; i < count; ++i) {
        const protocol::GenerationSettings settings =
            tests::settings("picture " + std::to_string(i), 100 + i);
        QVERIFY(tests::addTo(app.store, tests::serverPng(settings, QColor::fromHsv(i * 40 % 360, 200, 200)),
                             settings));
    }
}

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

void TestMainWindow::drawsByKeyboard() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QTRY_VERIFY(app.find<QPlainTextEdit>("promptEdit")->hasFocus());
    QTest::keyClicks(QApplication::focusWidget(), "a boat");
    app.press(Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(server.jobCount(), 1);
    QCOMPARE(server.job("j_1").settings.prompt, "a boat");
    QCOMPARE(app.page(), "galleryView");
    QVERIFY(app.find<QPlainTextEdit>("promptEdit")->hasFocus());

    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.step("j_1", 12, 30);
    QTRY_VERIFY(app.find<QLabel>("statusLine")->text().contains("step 12 of 30"));
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.find<QLabel>("countsLine")->text(), "1 picture");
    QCOMPARE(app.find<QLabel>("statusLine")->text(), "");
    // Its seed is what the lock would keep.
    QTest::mouseClick(app.find("lockSeedButton"), Qt::LeftButton);
    QCOMPARE(app.request().seed, server.job("j_1").images[0].seed);
}

void TestMainWindow::cancelsOnTheTile() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_COMPARE(server.jobCount(), 1);
    QTest::mouseClick(app.find("cancelButton"), Qt::LeftButton);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QVERIFY(server.job("j_1").state == protocol::JobState::Cancelled);
    QTRY_COMPARE(app.page(), "emptyPage");
}

void TestMainWindow::cancelsAll() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QVERIFY(!app.find("cancelAllButton")->isVisible());
    app.write("a boat");
    for (int i = 0; i < 3; ++i) {
        QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    }
    QTRY_COMPARE(server.jobCount(), 3);
    app.find("cancelAllButton")->setFocus();
    app.press(Qt::Key_Space);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QTRY_VERIFY(!app.find("cancelAllButton")->isVisible());
    QVERIFY(app.find<QPlainTextEdit>("promptEdit")->hasFocus());

    // And back: the same pictures are asked for once more.
    QCOMPARE(app.find<QLabel>("noticeText")->text(), "Cancelled 3 jobs");
    QTest::mouseClick(app.find("noticeAction"), Qt::LeftButton);
    QTRY_COMPARE(server.jobCount(), 6);
    QCOMPARE(server.job("j_6").settings.prompt, "a boat");

    // Also by keyboard.
    QTest::mouseClick(app.find("cancelAllButton"), Qt::LeftButton);
    QTRY_COMPARE(app.model.tileCount(), 0);
    app.find("generateButton")->setFocus();  // In a text the key undoes typing.
    app.press(Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(server.jobCount(), 9);
    QVERIFY(!app.find<QWidget>("noticeBar")->isVisible());
}

void TestMainWindow::drawsWhatIsTyped() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(!app.link.models().empty());
    app.write("a boat");
    auto* width = app.find<QSpinBox>("widthBox");
    width->setFocus();
    width->selectAll();
    QTest::keyClicks(width, "256");
    app.press(Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(app.tileAsked().width, 256);
    // A number that is none of its multiples is drawn as it is shown then.
    width->selectAll();
    QTest::keyClicks(width, "333");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QCOMPARE(width->value(), 328);
    QCOMPARE(app.tileAsked().width, 328);
    QTRY_COMPARE(server.jobCount(), 2);
}

void TestMainWindow::drawsWhatIsShownAfterAChangeOfServer() {
    FakeEasel first;
    FakeEasel second;
    second.info.limits.maxSteps = 60;
    second.info.limits.maxSide = 256;
    second.info.limits.maxSeed = 1000;
    App app(folder(), first.url());
    QTRY_VERIFY(!app.link.models().empty());
    protocol::GenerationRequest wish;
    wish.prompt = "a boat";
    wish.steps = 400;
    wish.width = wish.height = 1024;
    wish.seed = 5000;
    app.find<ui::PromptPanel>("promptPanel")->setRequest(wish);

    QVERIFY(app.studio.setServerAddress(second.url().toString()));
    QTRY_VERIFY(!app.link.models().empty());
    app.press(Qt::Key_Return, Qt::ControlModifier);
    const protocol::GenerationRequest asked = app.tileAsked();
    QCOMPARE(asked.steps, 60);
    QCOMPARE(asked.width, 256);
    QCOMPARE(asked.height, 256);
    QCOMPARE(asked.seed, 1000);
    QCOMPARE(asked, app.request());
    QCOMPARE(asked, app.studio.rememberedRequest());
    QTRY_COMPARE(second.jobCount(), 1);
    QCOMPARE(first.jobCount(), 0);
}

void TestMainWindow::asksOnceForEachPress_data() {
    QTest::addColumn<int>("key");
    QTest::addColumn<Qt::KeyboardModifiers>("modifiers");
    QTest::addColumn<bool>("onTheButton");
    QTest::newRow("Ctrl+Return") << int(Qt::Key_Return) << Qt::KeyboardModifiers(Qt::ControlModifier)
                                 << false;
    QTest::newRow("Ctrl+Enter") << int(Qt::Key_Enter) << Qt::KeyboardModifiers(Qt::ControlModifier) << false;
    QTest::newRow("Alt+G") << int(Qt::Key_G) << Qt::KeyboardModifiers(Qt::AltModifier) << false;
    QTest::newRow("Return on the button") << int(Qt::Key_Return) << Qt::KeyboardModifiers() << true;
}

void TestMainWindow::asksOnceForEachPress() {
    QFETCH(int, key);
    QFETCH(Qt::KeyboardModifiers, modifiers);
    QFETCH(bool, onTheButton);
    FakeEasel server;
    App app(folder(), server.url());
    app.write("a boat");
    app.find<QWidget>(onTheButton ? "generateButton" : "promptEdit")->setFocus();
    QWindow* window = app.window.windowHandle();
    for (int i = 0; i < 10; ++i) {
        qt_handleKeyEvent(window, QEvent::KeyPress, key, modifiers, {}, i > 0);
    }
    qt_handleKeyEvent(window, QEvent::KeyRelease, key, modifiers);
    QTest::qWait(200);  // Longer than a button stays down for a key.
    QCOMPARE(app.model.tileCount(), 1);
}

void TestMainWindow::showsARefusalAtItsField() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.refusal = protocol::invalidField("width", "This machine draws at most 1024 pixels.");
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_VERIFY(ui::isMarkedWrong(*app.find<QSpinBox>("widthBox")));
    QVERIFY(!ui::isMarkedWrong(*app.find<QSpinBox>("heightBox")));
    QCOMPARE(app.model.tileCount(), 0);
    // Asking again starts clean.
    server.refusal.reset();
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QVERIFY(!ui::isMarkedWrong(*app.find<QSpinBox>("widthBox")));
    QTRY_COMPARE(server.jobCount(), 1);
}

void TestMainWindow::keepsAFailedTileUntilItIsRetried() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finish("j_1", protocol::JobState::Failed, protocol::generationFailed("It came out black."));
    QTRY_VERIFY(app.window.findChild<QAbstractButton*>("dismissButton"));
    QTest::mouseClick(app.find("copyDetailsButton"), Qt::LeftButton);
    QVERIFY(QGuiApplication::clipboard()->text().contains("It came out black."));
    QTest::mouseClick(app.find("retryButton"), Qt::LeftButton);
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(app.model.tileCount(), 1);
}

void TestMainWindow::queuesWhileTheServerIsAway() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    QTRY_VERIFY(app.link.state() == remote::ServerLink::State::Unreachable);
    QCOMPARE(app.find<QLabel>("generateHint")->text(), "No server now: drawn as soon as one is there");
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QCOMPARE(app.model.tileCount(), 1);
    QTRY_COMPARE(app.page(), "galleryView");
    QCOMPARE(app.find<QLabel>("statusLine")->text(), "1 not sent yet");
    // By keyboard: the tile is an item like any other.
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Delete);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

/// What the card at the top looks like.
static QImage cardOf(const App& app) {
    return app.find<ui::GalleryView>("galleryView")->findChild<ui::PendingCard*>()->grab().toImage();
}

void TestMainWindow::showsWhereTheKeyboardIsOnJobs() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(app.page(), "galleryView");
    app.find("menuButton")->setFocus();
    const QImage without = cardOf(app);
    for (int i = 0; i < 40 && !app.grid()->hasFocus(); ++i) {
        app.press(Qt::Key_Tab);
    }
    QVERIFY(app.grid()->hasFocus());
    QVERIFY(cardOf(app) != without);
    app.find("menuButton")->setFocus();
    QCOMPARE(cardOf(app), without);
}

void TestMainWindow::removesAllSelectedJobs() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    fill(app, 1);
    app.write("a boat");
    for (int i = 0; i < 3; ++i) {
        app.find("generateButton")->click();
    }
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(1, 0));
    app.press(Qt::Key_End, Qt::ShiftModifier);  // Two jobs and the picture.
    app.press(Qt::Key_Delete);
    QTRY_COMPARE(app.model.tileCount(), 1);
    QTRY_COMPARE(app.model.pictureCount(), 0);
}

void TestMainWindow::retriesByReturn() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.finish("j_1", protocol::JobState::Failed, protocol::generationFailed("It came out black."));
    QTRY_COMPARE(app.find<QLabel>("statusLine")->text(), "1 failed");
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Return);
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(app.model.tileCount(), 1);
}

void TestMainWindow::saysThatTheQueueIsPaused() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QCOMPARE(app.find<QLabel>("generateHint")->text(), "Ctrl+Enter");
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(app.find<QLabel>("statusLine")->text(), "1 waiting");
    server.info.paused = true;
    QTRY_COMPARE(app.find<QLabel>("statusLine")->text(), "1 waiting, the queue is paused");
    QCOMPARE(app.find<QLabel>("generateHint")->text(), "The queue is paused: drawn once it is resumed");
    QVERIFY(app.find("serverChip")->text().endsWith("queue paused"));
    QVERIFY(app.find("serverChip")->toolTip().contains("until somebody resumes it"));
    // It can be asked for more all the same.
    app.find("generateButton")->click();
    QTRY_COMPARE(server.jobCount(), 2);
    server.info.paused = false;
    QTRY_COMPARE(app.find<QLabel>("statusLine")->text(), "2 waiting");
    QCOMPARE(app.find<QLabel>("generateHint")->text(), "Ctrl+Enter");
}

void TestMainWindow::offersToSendToTheServerThatIsThere() {
    FakeEasel server;
    server.info.id = "s_1";
    FakeEasel other;
    other.info.id = "s_2";
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.http().stop();
    QTRY_COMPARE(app.find<QLabel>("generateHint")->text(), "The server is away: drawn once it is back");
    app.write("a boat");
    app.find("generateButton")->click();
    QVERIFY(!app.find("sendHereButton")->isVisible());
    QVERIFY(app.studio.setServerAddress(other.url().toString()));
    QTRY_VERIFY(app.find("sendHereButton")->isVisible());
    QTest::mouseClick(app.find("sendHereButton"), Qt::LeftButton);
    QTRY_COMPARE(other.jobCount(), 1);
}

void TestMainWindow::goesThroughPicturesByKeyboard() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 3);
    QTRY_COMPARE(app.page(), "galleryView");
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Right);
    QCOMPARE(app.grid()->currentIndex().row(), 1);
    app.press(Qt::Key_Return);
    QCOMPARE(app.page(), "largeView");
    QCOMPARE(app.find<QLabel>("positionLabel")->text(), "2 of 3");
    QCOMPARE(app.find<QLabel>("detailsPrompt")->text(), "picture 1");
    app.press(Qt::Key_Right);
    app.press(Qt::Key_Right);  // There is none after the last.
    QCOMPARE(app.find<QLabel>("positionLabel")->text(), "3 of 3");
    QCOMPARE(app.find<QLabel>("detailsPrompt")->text(), "picture 0");
    QVERIFY(!app.find("nextButton")->isEnabled());
    app.press(Qt::Key_Home);
    QCOMPARE(app.find<QLabel>("positionLabel")->text(), "1 of 3");
    app.press(Qt::Key_End);
    app.press(Qt::Key_Escape);
    QCOMPARE(app.page(), "galleryView");
    QVERIFY(app.grid()->hasFocus());
    QCOMPARE(app.grid()->currentIndex().row(), 2);
}

void TestMainWindow::looksCloser() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Return);
    const auto* canvas = app.find<ui::PictureCanvas>("pictureCanvas");
    QTRY_VERIFY((app.press(Qt::Key_1), !canvas->isFitted()));  // Once the picture is read.
    QCOMPARE(canvas->zoom(), 1.0);
    QWheelEvent wheel(QPointF(9, 9), canvas->mapToGlobal(QPointF(9, 9)), {}, {0, 120}, Qt::NoButton,
                      Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(app.find<QWidget>("pictureCanvas"), &wheel);
    QVERIFY(canvas->zoom() > 1.0);
    app.press(Qt::Key_F);
    QVERIFY(canvas->isFitted());
}

void TestMainWindow::deletesAndBringsBack() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 4);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(1, 0));
    app.press(Qt::Key_Right, Qt::ShiftModifier);
    app.press(Qt::Key_Delete);
    QCOMPARE(app.model.pictureCount(), 2);
    QCOMPARE(app.grid()->currentIndex().row(), 1);
    QCOMPARE(app.find<QLabel>("noticeText")->text(), "Deleted 2 pictures");
    QTest::mouseClick(app.find("noticeAction"), Qt::LeftButton);
    QTRY_COMPARE(app.model.pictureCount(), 4);
    QVERIFY(!app.find<QWidget>("noticeBar")->isVisible());
    // What came back is what can be gone on with.
    QTRY_COMPARE(app.grid()->selectionModel()->selectedIndexes().size(), 2);
    QCOMPARE(app.grid()->currentIndex().row(), 1);
    // Again, by Ctrl+Z.
    app.grid()->setFocus();
    app.press(Qt::Key_Delete);
    QCOMPARE(app.model.pictureCount(), 2);
    app.press(Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(app.model.pictureCount(), 4);
}

void TestMainWindow::bringsBackWhatWasDeletedDaysAgo() {
    FakeEasel server;
    {
        App app(folder(), server.url());
        fill(app, 3);
        app.grid()->setFocus();
        app.grid()->selectAll();
        app.press(Qt::Key_Delete);
        QCOMPARE(app.model.pictureCount(), 0);
    }
    App app(folder(), server.url());
    QCOMPARE(app.model.pictureCount(), 0);
    QTRY_VERIFY(actionNamed(app, "Recently &deleted (3)…"));
    actionNamed(app, "Recently &deleted (3)…")->trigger();
    auto* dialog = app.find<QDialog>("trashDialog");
    auto* list = dialog->findChild<QListView*>("trashList");
    QTRY_COMPARE(list->model()->rowCount(), 3);
    QVERIFY(dialog->findChild<QLabel*>("trashSummary")->text().contains("3 pictures"));
    QVERIFY(!dialog->findChild<QAbstractButton*>("restoreButton")->isEnabled());
    list->setCurrentIndex(list->model()->index(0, 0));
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("restoreButton"), Qt::LeftButton);
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(list->model()->rowCount(), 2);
    // Being rid of one for good is asked about; by itself nothing happens.
    list->setCurrentIndex(list->model()->index(0, 0));
    QTest::keyClick(list, Qt::Key_Delete);
    auto* question = dialog->findChild<QMessageBox*>("destroyQuestion");
    QVERIFY(question && question->text().contains("1 picture"));
    QTest::keyClick(question, Qt::Key_Escape);
    QTRY_VERIFY(!dialog->findChild<QMessageBox*>("destroyQuestion"));
    QCOMPARE(app.store.inTrash(), 2);
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("emptyTrashButton"), Qt::LeftButton);
    QTRY_VERIFY(dialog->findChild<QMessageBox*>("destroyQuestion"));
    question = dialog->findChild<QMessageBox*>("destroyQuestion");
    for (QAbstractButton* button : question->buttons()) {
        if (question->buttonRole(button) == QMessageBox::DestructiveRole) {
            button->click();
        }
    }
    QTRY_COMPARE(list->model()->rowCount(), 0);
    QCOMPARE(app.store.inTrash(), 0);
    QVERIFY(QDir(folder() + "/pictures/.trash").isEmpty());
    QCOMPARE(app.model.pictureCount(), 1);
}

void TestMainWindow::deletesOnceForEachPress() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 6);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    const auto hold = [&] {
        for (int i = 0; i < 5; ++i) {
            qt_handleKeyEvent(app.window.windowHandle(), QEvent::KeyPress, Qt::Key_Delete, {}, {}, i > 0);
        }
        qt_handleKeyEvent(app.window.windowHandle(), QEvent::KeyRelease, Qt::Key_Delete, {});
    };
    hold();
    QTRY_COMPARE(app.model.pictureCount(), 5);
    app.press(Qt::Key_Return);
    QCOMPARE(app.page(), "largeView");
    hold();
    QTRY_COMPARE(app.model.pictureCount(), 4);
    QTest::qWait(50);
    QCOMPARE(app.model.pictureCount(), 4);
}

void TestMainWindow::deletesInTheLargeView() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    fill(app, 2);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Return);
    app.press(Qt::Key_Delete);
    QCOMPARE(app.page(), "largeView");
    QCOMPARE(app.find<QLabel>("detailsPrompt")->text(), "picture 0");
    QCOMPARE(app.find<QLabel>("positionLabel")->text(), "1 of 1");
    QTest::mouseClick(app.find("deleteButton"), Qt::LeftButton);
    QTRY_COMPARE(app.page(), "emptyPage");
    QTest::mouseClick(app.find("noticeAction"), Qt::LeftButton);
    QTRY_COMPARE(app.page(), "galleryView");
}

void TestMainWindow::usesSettingsAgain() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    fill(app, 1);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    app.press(Qt::Key_Return);
    QTest::mouseClick(app.find("useSettingsButton"), Qt::LeftButton);
    QCOMPARE(app.find<QPlainTextEdit>("promptEdit")->toPlainText(), "picture 0");
    QCOMPARE(app.find<QLineEdit>("seedEdit")->text(), "100");
    QCOMPARE(app.request().seed, 100);
    QCOMPARE(app.request().width, 64);
    QCOMPARE(app.request().steps, 12);
    QCOMPARE(app.studio.rememberedRequest(), app.request());
    QTest::mouseClick(app.find("copyPromptButton"), Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), "picture 0");
}

namespace {

/// A file as another program would put it into the library.
void drop(const App& app, const QString& name, const QByteArray& bytes) {
    QFile file(app.folder + "/pictures/" + name);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
    file.close();
    app.window.findChild<ui::Library*>()->refresh();
}

void open(const App& app, int row) {
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(row, 0));
    app.press(Qt::Key_Return);
}

}  // namespace

void TestMainWindow::saysWhatIsNotTakenOver() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline() && !app.link.models().empty());
    app.write("mine");
    const std::optional<std::string> model = app.studio.rememberedRequest().model;
    const QString text =
        "a <lora:fur:1> fox\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ SDE, CFG scale: 7, Seed: 5, "
        "Size: "
        "64x64, Model: dreamshaper_8, Clip skip: 2";
    drop(app, "other.png", gallery::withPngText(tests::plainPng(), "parameters", text));
    QTRY_COMPARE(app.model.pictureCount(), 1);
    open(app, 0);
    QTest::mouseClick(app.find("useSettingsButton"), Qt::LeftButton);
    QCOMPARE(app.find<QLabel>("noticeText")->text(), "Not taken over: model dreamshaper_8, LoRA");
    QCOMPARE(app.studio.rememberedRequest().clipSkip, 2);
    QCOMPARE(app.studio.rememberedRequest().seed, 5);
    QCOMPARE(app.studio.rememberedRequest().model, model);

    gallery::Picture picture = *app.model.pictureAt(0);
    picture.unsupported.clear();
    picture.settings->width = 4000;
    picture.settings->steps = 900;
    protocol::ServerInfo info;
    info.samplers = {{"ddim", "DDIM", {"default"}}};
    QCOMPARE(ui::reuse(picture, &info, app.link.models()).left,
             (QStringList{"model dreamshaper_8", "sampler DPM++ SDE", "size 4000 × 64", "steps 900"}));
    QVERIFY(ui::reuse(picture, nullptr, {}).left.isEmpty());
}

void TestMainWindow::opensAMenuForAPicture() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 2);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(1, 0));
    const auto menu = [&] {
        QContextMenuEvent event(QContextMenuEvent::Keyboard, QPoint(5, 5), QPoint(5, 5));
        QApplication::sendEvent(app.grid()->viewport(), &event);
        auto* found = app.window.findChild<QMenu*>("pictureMenu");
        QStringList texts;
        for (const QAction* action : found ? found->actions() : QList<QAction*>()) {
            texts << action->text();
        }
        return std::pair(found, texts);
    };
    const auto [shown, texts] = menu();
    QVERIFY(shown && shown->isVisible());
    QCOMPARE(texts, (QStringList{"&Open", "&Use settings", "", "Copy p&icture", "Copy &prompt", "Copy &seed",
                                 "", "Show in &folder", "&Export…", "", "&Delete"}));
    shown->actions()[5]->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), "100");
    shown->actions()[4]->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), "picture 0");
    shown->actions()[1]->trigger();
    QCOMPARE(app.find<QPlainTextEdit>("promptEdit")->toPlainText(), "picture 0");
    shown->actions()[10]->trigger();
    QCOMPARE(app.model.pictureCount(), 1);
    QVERIFY(app.model.rowOf(app.grid()->currentIndex().data(PictureModel::PathRole).toString()) >= 0);
}

void TestMainWindow::showsTheFilesName() {
    FakeEasel server;
    App app(folder(), server.url());
    drop(app, "holiday_1.png", tests::plainPng());
    QTRY_COMPARE(app.model.pictureCount(), 1);
    open(app, 0);
    QCOMPARE(app.find<QLabel>("detailsFile")->text().remove(QChar(0x200b)), "holiday_1.png");
    QVERIFY(!app.find<QLabel>("detailsPrompt")->isVisible());
    QVERIFY(!app.find("copyPromptButton")->isEnabled() && !app.find("useSettingsButton")->isEnabled());
    QVERIFY(app.find("showInFolderButton")->isEnabled());
}

void TestMainWindow::keepsZoomAndPlace() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 3);
    drop(app, "0.png", tests::plainPng(Qt::blue, {640, 640}));
    QTRY_COMPARE(app.model.pictureCount(), 4);
    open(app, 1);
    const auto* canvas = app.find<ui::PictureCanvas>("pictureCanvas");
    QTRY_VERIFY(!canvas->image().isNull());
    QVERIFY(app.find<QLabel>("zoomLabel")->text().endsWith(" %"));
    app.press(Qt::Key_1);
    QCOMPARE(app.find<QLabel>("zoomLabel")->text(), "100 %");
    app.press(Qt::Key_Plus);
    app.press(Qt::Key_Right);
    QCOMPARE(canvas->zoom(), 1.25);
    QTest::qWait(100);  // The picture itself arrives.
    QCOMPARE(canvas->zoom(), 1.25);
    app.press(Qt::Key_Home);  // of another size
    QTRY_VERIFY(canvas->isFitted());
}

void TestMainWindow::showsNothingButThePicture() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 2);
    open(app, 0);
    app.press(Qt::Key_I);
    QVERIFY(!app.find<QWidget>("detailsPanel")->isVisible());
    app.press(Qt::Key_I);
    QVERIFY(app.find<QWidget>("detailsPanel")->isVisible());
    const char* parts[] = {"toolBar", "statusBar", "promptPanel", "detailsPanel", "filmStrip", "backButton"};
    app.press(Qt::Key_F11);
    QVERIFY(app.window.isFullScreen());
    for (const char* part : parts) {
        QVERIFY2(!app.find<QWidget>(part)->isVisible(), part);
    }
    app.press(Qt::Key_Right);
    app.press(Qt::Key_Escape);  // first out of the full screen, then out of the picture
    QVERIFY(!app.window.isFullScreen());
    QCOMPARE(app.page(), "largeView");
    for (const char* part : parts) {
        QVERIFY2(app.find<QWidget>(part)->isVisible(), part);
    }
    app.press(Qt::Key_Escape);
    QCOMPARE(app.page(), "galleryView");
    app.press(Qt::Key_F11);
    QVERIFY(app.window.isFullScreen() && app.find<QWidget>("toolBar")->isVisible());
    app.press(Qt::Key_F9);
    QVERIFY(!app.find<QWidget>("promptPanel")->isVisible());
}

void TestMainWindow::opensVeryLargePictures() {
    FakeEasel server;
    App app(folder(), server.url());
    QImage large(12'000, 9'000, QImage::Format_Mono);
    large.fill(1);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    QVERIFY(large.save(&buffer, "PNG"));
    drop(app, "large.png", bytes);
    QTRY_COMPARE(app.model.pictureCount(), 1);
    open(app, 0);
    const auto* canvas = app.find<ui::PictureCanvas>("pictureCanvas");
    QTRY_VERIFY_WITH_TIMEOUT(canvas->image().width() > 5000, 60'000);
    QVERIFY(canvas->message().isEmpty());
    app.press(Qt::Key_1);
    QCOMPARE(canvas->zoom(), 1.0);  // of the picture, not of what is held of it
}

void TestMainWindow::decodesOnlyWhatIsWanted() {
    const QTemporaryDir dir;
    QStringList paths;
    for (int i = 0; i < 30; ++i) {
        paths << dir.filePath(QStringLiteral("%1.png").arg(i));
        QFile file(paths.last());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(tests::plainPng(Qt::red, {600, 600}));
    }
    ui::ImageLoader loader;
    for (int i = 0; i + 1 < paths.size(); ++i) {
        loader.want({paths[i], paths[i + 1]});
    }
    QTRY_VERIFY(!loader.find(paths[28]).isNull() && !loader.find(paths[29]).isNull());
    // Beside these, only what had begun before.
    QVERIFY(loader.decoded() <= 4);
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

void TestMainWindow::searchesByKeyboard() {
    FakeEasel server;
    App app(folder(), server.url());
    app.window.resize(900, 600);
    fill(app, 40);
    QTRY_VERIFY(app.grid()->verticalScrollBar()->maximum() > 300);
    app.grid()->verticalScrollBar()->setValue(300);
    app.press(Qt::Key_F, Qt::ControlModifier);
    auto* field = app.find<QLineEdit>("searchEdit");
    QTRY_VERIFY(field->hasFocus());
    QTest::keyClicks(field, "picture");
    QCOMPARE(app.grid()->verticalScrollBar()->value(), 0);
    app.press(Qt::Key_Down);
    QVERIFY(app.grid()->hasFocus());
    QCOMPARE(app.grid()->currentIndex().row(), 0);
    app.press(Qt::Key_Return);
    QCOMPARE(app.page(), "largeView");
    // A search is looked at in the grid.
    app.press(Qt::Key_F, Qt::ControlModifier);
    QTest::keyClicks(field, " 3");
    QCOMPARE(app.page(), "galleryView");
    QVERIFY(field->hasFocus());
    app.press(Qt::Key_Escape);
    QCOMPARE(field->text(), QString());
    QVERIFY(field->hasFocus());
    // Also when nothing is found.
    open(app, 0);
    QCOMPARE(app.page(), "largeView");
    app.press(Qt::Key_F, Qt::ControlModifier);
    QTest::keyClicks(QApplication::focusWidget(), "zebra");
    QCOMPARE(field->text(), "zebra");
    QCOMPARE(app.page(), "noMatchPage");
    app.press(Qt::Key_Escape);
    app.press(Qt::Key_Escape);
    QVERIFY(app.grid()->hasFocus());
}

void TestMainWindow::countsPictures() {
    FakeEasel server;
    App app(folder(), server.url());
    QSignalSpy counts(app.window.findChild<ui::Library*>(), &ui::Library::countsChanged);
    const auto last = [&] { return counts.isEmpty() ? QVariantList() : counts.last(); };
    fill(app, 12);
    QCOMPARE(last(), (QVariantList{12, 12, 0}));
    app.find<QLineEdit>("searchEdit")->setText("picture 1");
    QCOMPARE(last(), (QVariantList{3, 12, 0}));
    app.grid()->selectAll();
    QCOMPARE(last(), (QVariantList{3, 12, 3}));
    QCOMPARE(app.find<QLabel>("countsLine")->text(), "3 selected · 3 of 12 pictures");
    app.find<QLineEdit>("searchEdit")->clear();
    QCOMPARE(last(), (QVariantList{12, 12, 0}));
    open(app, 0);
    QCOMPARE(last(), (QVariantList{12, 12, 0}));
}

void TestMainWindow::searches() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 3);
    app.press(Qt::Key_F, Qt::ControlModifier);
    QTRY_VERIFY(app.find<QLineEdit>("searchEdit")->hasFocus());
    QTest::keyClicks(QApplication::focusWidget(), "picture 2");
    QCOMPARE(app.grid()->model()->rowCount(), 1);
    QTest::keyClicks(QApplication::focusWidget(), "7");
    QCOMPARE(app.page(), "noMatchPage");
    QTest::mouseClick(app.find("clearSearchButton"), Qt::LeftButton);
    QCOMPARE(app.page(), "galleryView");
    QCOMPARE(app.grid()->model()->rowCount(), 3);
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

void TestMainWindow::copiesPictures() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 2);
    app.grid()->setFocus();
    app.grid()->selectAll();
    app.press(Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->mimeData()->urls().size(), 2);
}

void TestMainWindow::exportsSelectedPictures() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 2);
    QDir(folder()).mkdir("out");
    app.grid()->setFocus();
    app.grid()->selectAll();
    app.press(Qt::Key_E, Qt::ControlModifier);
    auto* dialog = app.find<QDialog>("exportDialog");
    QVERIFY(dialog->isVisible());
    dialog->findChild<QLineEdit*>("folderEdit")->setText(folder() + "/out");
    dialog->findChild<QLineEdit*>("patternEdit")->setText("{seed}-{prompt}");
    QVERIFY(dialog->findChild<QLabel*>("namePreview")->text().contains("101-picture-1.png"));
    dialog->findChild<QComboBox*>("formatBox")->setCurrentIndex(1);
    QVERIFY(dialog->findChild<QLabel*>("namePreview")->text().contains("101-picture-1.jpg"));
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("startExportButton"), Qt::LeftButton);
    QTRY_VERIFY(!app.window.findChild<QDialog*>("exportDialog"));
    QCOMPARE(QDir(folder() + "/out").entryList(QDir::Files, QDir::Name),
             (QStringList{"100-picture-0.jpg", "101-picture-1.jpg"}));
    QCOMPARE(QImageReader(folder() + "/out/101-picture-1.jpg").size(), QSize(64, 48));
    QVERIFY(app.find<QLabel>("noticeText")->text().contains("Exported 2 pictures"));

    // The choice is remembered, and what is no folder is named in the dialog.
    app.window.activateWindow();  // There is no window manager to do so.
    QVERIFY(QTest::qWaitForWindowActive(&app.window));
    app.grid()->setFocus();
    app.press(Qt::Key_E, Qt::ControlModifier);
    dialog = app.find<QDialog>("exportDialog");
    QCOMPARE(dialog->findChild<QLineEdit*>("patternEdit")->text(), "{seed}-{prompt}");
    dialog->findChild<QLineEdit*>("folderEdit")->setText(folder() + "/out/100-picture-0.jpg");
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("startExportButton"), Qt::LeftButton);
    auto* trouble = dialog->findChild<QLabel*>("exportTrouble");
    QTRY_VERIFY(trouble->isVisible());
    QVERIFY(!trouble->text().isEmpty());
    // What is wrong no longer is not said any longer, and a folder that is not there is made.
    dialog->findChild<QLineEdit*>("folderEdit")->setText(folder() + "/made/by it");
    QVERIFY(!trouble->isVisible());
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("startExportButton"), Qt::LeftButton);
    QTRY_COMPARE(QDir(folder() + "/made/by it").entryList(QDir::Files).size(), 2);
}

void TestMainWindow::saysHowItExports() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 1);
    app.grid()->setFocus();
    app.grid()->selectAll();
    app.press(Qt::Key_E, Qt::ControlModifier);
    auto* dialog = app.find<QDialog>("exportDialog");
    const auto says = [&](const QString& words) {
        for (const QLabel* label : dialog->findChildren<QLabel*>()) {
            if (label->isVisible() && label->text().contains(words)) {
                return true;
            }
        }
        return false;
    };
    QVERIFY(says("{date} {time} {seed} {prompt}"));
    QVERIFY(!says("There is no"));
    dialog->findChild<QLineEdit*>("patternEdit")->setText("{seed}-{promt}");
    QVERIFY(says("There is no {promt}: it stays as it is."));
    dialog->findChild<QLineEdit*>("patternEdit")->setText("{seed}");
    QVERIFY(!says("There is no"));
    // The accent belongs to Export, whatever has the focus.
    for (const QPushButton* button : dialog->findChildren<QPushButton*>()) {
        QCOMPARE(button->isDefault() || button->autoDefault(), button->objectName() == "startExportButton");
    }
    dialog->findChild<QLineEdit*>("folderEdit")->setText(folder() + "/out");
    auto* size = dialog->findChild<QComboBox*>("exportSizeBox");
    size->addItem("tiny", 32);
    size->setCurrentIndex(size->count() - 1);
    dialog->findChild<QAbstractButton*>("keepSettingsBox")->setChecked(false);
    QTest::mouseClick(dialog->findChild<QAbstractButton*>("startExportButton"), Qt::LeftButton);
    QTRY_COMPARE(QImageReader(folder() + "/out/100.png").size(), QSize(32, 24));
    QVERIFY(!gallery::describeFile(folder() + "/out/100.png").settings);
}

void TestMainWindow::showsWhatIsTransparent() {
    ui::PictureCanvas canvas;
    canvas.resize(400, 400);
    QImage clear(64, 64, QImage::Format_ARGB32);
    clear.fill(Qt::transparent);
    canvas.setImage(clear, clear.size());
    const QImage shown = canvas.grab().toImage();
    const QPoint middle = shown.rect().center();
    QSet<QRgb> colors;
    for (int i = 0; i < 4 * ui::kUnit; ++i) {
        colors.insert(shown.pixel(middle.x() + i, middle.y()));
    }
    QCOMPARE(colors.size(), 2);  // the squares behind it
    // Pulled, it leaves the window; closer, it moves within.
    QSignalSpy pulled(&canvas, &ui::PictureCanvas::dragRequested);
    const auto pull = [&] {
        QTest::mousePress(&canvas, Qt::LeftButton, {}, QPoint(200, 200));
        QMouseEvent move(QEvent::MouseMove, QPointF(240, 240), canvas.mapToGlobal(QPointF(240, 240)),
                         Qt::NoButton, Qt::LeftButton, {});
        QApplication::sendEvent(&canvas, &move);
        QTest::mouseRelease(&canvas, Qt::LeftButton, {}, QPoint(240, 240));
    };
    pull();
    QCOMPARE(pulled.size(), 1);
    canvas.zoomBy(3, QPointF(200, 200));
    pull();
    QCOMPARE(pulled.size(), 1);
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

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
