// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QImageReader>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMessageBox>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <memory>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/flat_style.h"
#include "desktop/ui/main_window.h"
#include "desktop/ui/picture_canvas.h"
#include "desktop/ui/quiet_page.h"
#include "desktop/ui/theme.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/fake_easel.h"

using namespace easel;
using namespace std::chrono_literals;
using gallery::PictureModel;
using tests::FakeEasel;

namespace {

constexpr remote::ServerLink::Timing kQuick{
    .whenConnected = 20ms, .whenNotReady = 20ms, .firstPause = 20ms, .longestPause = 40ms};

/// The whole app in a folder, as main puts it together.
struct App {
    QString folder;
    remote::Remote remote;
    remote::ServerLink link{remote, kQuick};
    gallery::PictureStore store{folder + "/pictures"};
    gallery::Thumbnailer thumbnailer{folder + "/thumbnails"};
    PictureModel model{store, thumbnailer};
    QSettings settings{folder + "/settings.ini", QSettings::IniFormat};
    studio::Studio studio{{remote, link, store, model, settings}, folder + "/tasks.json"};
    ui::Theme theme{*qApp};
    ui::MainWindow window{{studio, link, model, store, settings, theme}};

    App(const QString& where, const QUrl& server) : folder(where) {
        window.show();
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000))
            qFatal("the library did not open");
        if (!studio.start(server.toString()))
            qFatal("the studio did not start");
        if (!QTest::qWaitForWindowActive(&window))
            qFatal("the window did not come up");
    }

    template <typename T = QAbstractButton>
    T* find(const char* name) const {
        T* found = window.findChild<T*>(name);
        if (!found)
            qFatal("no %s", name);
        return found;
    }
    QListView* grid() const { return find<QListView>("galleryView"); }
    QString page() const {
        for (const char* name : {"galleryView", "largeView", "emptyPage", "connectPage", "noMatchPage"}) {
            if (find<QWidget>(name)->isVisible())
                return name;
        }
        return {};
    }
    void write(const QString& prompt) const { find<QPlainTextEdit>("promptEdit")->setPlainText(prompt); }
    /// Presses a key where the keyboard is.
    void press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key(key), modifiers);
    }
};

QAction* actionNamed(const App& app, const QString& text) {
    const QList<QAction*> actions = app.window.findChildren<QAction*>();
    const auto found = std::ranges::find(actions, text, &QAction::text);
    return found == actions.end() ? nullptr : *found;
}

}  // namespace

class TestMainWindow : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void beginsWithAnExample();
    void asksForAServerFirst();
    void saysWhatIsWrongWithAnAddress();
    void drawsByKeyboard();
    void cancelsOnTheTile();
    void cancelsAll();
    void showsARefusalAtItsField();
    void keepsAFailedTileUntilItIsRetried();
    void queuesWhileTheServerIsAway();
    void goesThroughPicturesByKeyboard();
    void looksCloser();
    void deletesAndBringsBack();
    void bringsBackWhatWasDeletedDaysAgo();
    void deletesInTheLargeView();
    void usesSettingsAgain();
    void searches();
    void keepsTheFocusWhenThePageTurns();
    void copiesPictures();
    void exportsSelectedPictures();
    void remembersItsWindow();
    void hasNamesForScreenReaders();

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
    QVERIFY(address->property(ui::FlatStyle::kProblem).toBool());
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
    QCOMPARE(app.find<QLabel>("statusLine")->text(), "1 picture");
    // Its seed is what the lock would keep.
    QTest::mouseClick(app.find("lockSeedButton"), Qt::LeftButton);
    QCOMPARE(app.studio.request().seed, server.job("j_1").images[0].seed);
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
    for (int i = 0; i < 3; ++i)
        QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_COMPARE(server.jobCount(), 3);
    QTest::mouseClick(app.find("cancelAllButton"), Qt::LeftButton);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QTRY_VERIFY(!app.find("cancelAllButton")->isVisible());
}

void TestMainWindow::showsARefusalAtItsField() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.refusal = protocol::invalidField("width", "This machine draws at most 1024 pixels.");
    app.write("a boat");
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QTRY_VERIFY(app.find<QSpinBox>("widthBox")->property(ui::FlatStyle::kProblem).toBool());
    QVERIFY(!app.find<QSpinBox>("heightBox")->property(ui::FlatStyle::kProblem).toBool());
    QCOMPARE(app.model.tileCount(), 0);
    // Asking again starts clean.
    server.refusal.reset();
    QTest::mouseClick(app.find("generateButton"), Qt::LeftButton);
    QVERIFY(!app.find<QSpinBox>("widthBox")->property(ui::FlatStyle::kProblem).toBool());
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
    QVERIFY(app.find<QLabel>("generateHint")->text().contains("No server"));
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
    QTRY_VERIFY((question = dialog->findChild<QMessageBox*>("destroyQuestion")));
    for (QAbstractButton* button : question->buttons()) {
        if (question->buttonRole(button) == QMessageBox::DestructiveRole)
            button->click();
    }
    QTRY_COMPARE(list->model()->rowCount(), 0);
    QCOMPARE(app.store.inTrash(), 0);
    QVERIFY(QDir(folder() + "/pictures/.trash").isEmpty());
    QCOMPARE(app.model.pictureCount(), 1);
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
    QCOMPARE(app.studio.request().seed, 100);
    QCOMPARE(app.studio.request().width, 64);
    QCOMPARE(app.studio.request().steps, 12);
    QTest::mouseClick(app.find("copyPromptButton"), Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), "picture 0");
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
    QTRY_VERIFY(dialog->findChild<QLabel*>("exportTrouble")->isVisible());
    QVERIFY(!dialog->findChild<QLabel*>("exportTrouble")->text().isEmpty());
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
        if (button->isVisible() && button->focusPolicy() != Qt::NoFocus)
            QVERIFY2(!button->accessibleName().isEmpty() || !button->text().isEmpty(),
                     qPrintable(button->objectName()));
    }
    const QModelIndex index = app.grid()->model()->index(0, 0);
    QVERIFY(index.data(Qt::AccessibleTextRole).toString().contains("picture 0"));
}

QTEST_MAIN(TestMainWindow)
#include "test_main_window.moc"
