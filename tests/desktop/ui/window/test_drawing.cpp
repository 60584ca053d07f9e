// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QPlainTextEdit>
#include <QSpinBox>
#include <QTest>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/library/gallery_view.h"
#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/problem_mark.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;

/// From the prompt to the tile, and what can be done with a tile.
class TestDrawing : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
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
    void showsPicturesWhileTheyAreDrawn();
};

void TestDrawing::drawsByKeyboard() {
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

void TestDrawing::cancelsOnTheTile() {
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

void TestDrawing::cancelsAll() {
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

void TestDrawing::drawsWhatIsTyped() {
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

void TestDrawing::drawsWhatIsShownAfterAChangeOfServer() {
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

void TestDrawing::asksOnceForEachPress_data() {
    QTest::addColumn<int>("key");
    QTest::addColumn<Qt::KeyboardModifiers>("modifiers");
    QTest::addColumn<bool>("onTheButton");
    QTest::newRow("Ctrl+Return") << int(Qt::Key_Return) << Qt::KeyboardModifiers(Qt::ControlModifier)
                                 << false;
    QTest::newRow("Ctrl+Enter") << int(Qt::Key_Enter) << Qt::KeyboardModifiers(Qt::ControlModifier) << false;
    QTest::newRow("Alt+G") << int(Qt::Key_G) << Qt::KeyboardModifiers(Qt::AltModifier) << false;
    QTest::newRow("Return on the button") << int(Qt::Key_Return) << Qt::KeyboardModifiers() << true;
}

void TestDrawing::asksOnceForEachPress() {
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

void TestDrawing::showsARefusalAtItsField() {
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

void TestDrawing::keepsAFailedTileUntilItIsRetried() {
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

void TestDrawing::queuesWhileTheServerIsAway() {
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

void TestDrawing::showsWhereTheKeyboardIsOnJobs() {
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

void TestDrawing::removesAllSelectedJobs() {
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

void TestDrawing::retriesByReturn() {
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

void TestDrawing::saysThatTheQueueIsPaused() {
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

void TestDrawing::offersToSendToTheServerThatIsThere() {
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

void TestDrawing::showsPicturesWhileTheyAreDrawn() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.write("a boat");
    app.press(Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.preview("j_1", 0, Qt::red);
    auto* card = app.window.findChild<ui::PendingCard*>();
    const auto middle = [&] {
        return card->grab().toImage().pixelColor(card->width() / 2, card->width() / 2);
    };
    QTRY_COMPARE(middle(), QColor(Qt::red));
    auto* action = app.window.findChild<QAction*>("previewsAction");
    QVERIFY(action->isChecked());
    action->trigger();
    QTRY_VERIFY(middle() != QColor(Qt::red));
    QVERIFY(!preferences::kPreviews.of(app.settings));
}

QTEST_MAIN(TestDrawing)
#include "test_drawing.moc"
