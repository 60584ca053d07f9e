// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAction>
#include <QApplication>
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
#include <QSignalSpy>
#include <QTest>

#include "desktop/gallery/picture_model.h"
#include "desktop/ui/library/reuse.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using gallery::PictureModel;
using tests::App;
using tests::FakeEasel;

/// The pictures that are there: finding, deleting, using again, taking along.
class TestLibrary : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void deletesAndBringsBack();
    void bringsBackWhatWasDeletedDaysAgo();
    void deletesOnceForEachPress();
    void usesSettingsAgain();
    void saysWhatIsNotTakenOver();
    void opensAMenuForAPicture();
    void searchesByKeyboard();
    void countsPictures();
    void searches();
    void copiesPictures();
    void exportsSelectedPictures();
    void saysHowItExports();
};

void TestLibrary::deletesAndBringsBack() {
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

void TestLibrary::bringsBackWhatWasDeletedDaysAgo() {
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

void TestLibrary::deletesOnceForEachPress() {
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

void TestLibrary::usesSettingsAgain() {
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

void TestLibrary::saysWhatIsNotTakenOver() {
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
    QCOMPARE(app.find<QLabel>("noticeText")->text(), "Not taken over: model dreamshaper_8");
    QCOMPARE(app.studio.rememberedRequest().clipSkip, 2);
    QCOMPARE(app.studio.rememberedRequest().seed, 5);
    QCOMPARE(app.studio.rememberedRequest().model, model);

    gallery::Picture picture = *app.model.pictureAt(0);
    picture.unsupported.clear();
    picture.settings->width = 4000;
    picture.settings->steps = 900;
    protocol::ServerInfo info;
    info.samplers = {{"ddim", "DDIM", {"default"}}};
    QCOMPARE(ui::reuse(picture, &info, app.link.models(), {}).left,
             (QStringList{"model dreamshaper_8", "sampler DPM++ SDE", "size 4000 × 64", "steps 900"}));
    QVERIFY(ui::reuse(picture, nullptr, {}, {}).left.isEmpty());
}

void TestLibrary::opensAMenuForAPicture() {
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
    QCOMPARE(texts,
             (QStringList{"&Open", "&Use settings", "Use as s&tart picture", "", "Copy p&icture",
                          "Copy &prompt", "Copy &seed", "", "Show in &folder", "&Export…", "", "&Delete"}));
    shown->actions()[6]->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), "100");
    shown->actions()[5]->trigger();
    QCOMPARE(QGuiApplication::clipboard()->text(), "picture 0");
    shown->actions()[1]->trigger();
    QCOMPARE(app.find<QPlainTextEdit>("promptEdit")->toPlainText(), "picture 0");
    shown->actions()[11]->trigger();
    QCOMPARE(app.model.pictureCount(), 1);
    QVERIFY(app.model.rowOf(app.grid()->currentIndex().data(PictureModel::PathRole).toString()) >= 0);
}

void TestLibrary::searchesByKeyboard() {
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

void TestLibrary::countsPictures() {
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

void TestLibrary::searches() {
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

void TestLibrary::copiesPictures() {
    FakeEasel server;
    App app(folder(), server.url());
    fill(app, 2);
    app.grid()->setFocus();
    app.grid()->selectAll();
    app.press(Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->mimeData()->urls().size(), 2);
}

void TestLibrary::exportsSelectedPictures() {
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

void TestLibrary::saysHowItExports() {
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

QTEST_MAIN(TestLibrary)
#include "test_library.moc"
