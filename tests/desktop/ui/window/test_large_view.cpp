// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QBuffer>
#include <QLabel>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

#include "desktop/ui/library/image_loader.h"
#include "desktop/ui/library/picture_canvas.h"
#include "desktop/ui/parts/measures.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;

/// One picture, large.
class TestLargeView : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void goesThroughPicturesByKeyboard();
    void looksCloser();
    void deletesInTheLargeView();
    void showsTheFilesName();
    void keepsZoomAndPlace();
    void showsNothingButThePicture();
    void opensVeryLargePictures();
    void decodesOnlyWhatIsWanted();
    void showsWhatIsTransparent();
};

void TestLargeView::goesThroughPicturesByKeyboard() {
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

void TestLargeView::looksCloser() {
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

void TestLargeView::deletesInTheLargeView() {
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

void TestLargeView::showsTheFilesName() {
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

void TestLargeView::keepsZoomAndPlace() {
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

void TestLargeView::showsNothingButThePicture() {
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

void TestLargeView::opensVeryLargePictures() {
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

void TestLargeView::decodesOnlyWhatIsWanted() {
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

void TestLargeView::showsWhatIsTransparent() {
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

QTEST_MAIN(TestLargeView)
#include "test_large_view.moc"
