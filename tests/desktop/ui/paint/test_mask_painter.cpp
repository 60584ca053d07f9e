// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAccessible>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QMessageBox>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include "desktop/ui/paint/mask_painter.h"
#include "desktop/ui/parts/theme.h"

using namespace easel;

namespace {

QImage picture(const QSize& size = {400, 300}) {
    QImage image(size, QImage::Format_RGB32);
    image.fill(QColor(90, 120, 60));
    return image;
}

int level(const QImage& mask, const QPoint& at) {
    return mask.constScanLine(at.y())[at.x()];
}

/// On screen, with real events.
struct Shown {
    ui::Theme theme{*qApp};
    ui::MaskPainter painter;
    ui::MaskCanvas* canvas;

    explicit Shown(const QImage& mask = {}) : painter(picture(), mask) {
        canvas = painter.findChild<ui::MaskCanvas*>("maskCanvas");
        painter.show();
        if (!QTest::qWaitForWindowActive(&painter)) {
            qFatal("the painter did not come up");
        }
    }

    /// Where a pixel of the picture is on the canvas.
    QPoint on(int x, int y) const {
        const double scale = canvas->area().width() / 400;
        return (canvas->area().topLeft() + QPointF(x + 0.5, y + 0.5) * scale).toPoint();
    }
    void drag(const QPoint& from, const QPoint& to, Qt::MouseButton button = Qt::LeftButton) const {
        QTest::mousePress(canvas, button, {}, from);
        for (int i = 1; i <= 4; ++i) {
            const QPoint at = from + (to - from) * i / 4;
            QMouseEvent move(QEvent::MouseMove, at, canvas->mapToGlobal(at), Qt::NoButton, button, {});
            QApplication::sendEvent(canvas, &move);
        }
        QTest::mouseRelease(canvas, button, {}, to);
    }
    void wheel(int angle, Qt::KeyboardModifiers modifiers = {}) const {
        const QPointF at = QRectF(canvas->rect()).center();
        QWheelEvent event(at, canvas->mapToGlobal(at), {}, {0, angle}, {}, modifiers, Qt::NoScrollPhase,
                          false);
        QApplication::sendEvent(canvas, &event);
    }
    template <typename T = QAbstractButton>
    T* find(const char* name) const {
        T* found = painter.findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    QDoubleSpinBox* box(const char* name) const { return find<QWidget>(name)->findChild<QDoubleSpinBox*>(); }
    void key(int key, Qt::KeyboardModifiers modifiers = {}) const {
        QTest::keyClick(painter.focusWidget() ? painter.focusWidget() : canvas, static_cast<Qt::Key>(key),
                        modifiers);
    }
    bool isBlank() const {
        QImage blank(painter.mask().size(), QImage::Format_Grayscale8);
        blank.fill(0);
        return painter.mask() == blank;
    }
};

}  // namespace

class TestMaskPainter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theMousePaintsAndErases();
    void onlyWhatIsPaintedIsDrawnAgain();
    void toolsAndSizesHaveKeys();
    void shiftDrawsAStraightLine();
    void aStrokeEndsWithItsButton();
    void fillingStopsAtWhatIsPainted();
    void theSoftEdgeIsShownAndGivenAway();
    void undoAndRedo();
    void zoomAndMove();
    void aPensPressureIsItsWidth();
    void theKeyboardPaints();
    void escapeAsksOnlyWhenSomethingWasPainted();
    void everythingHasANameAndAPlaceInTheTabOrder();
};

void TestMaskPainter::theMousePaintsAndErases() {
    Shown shown;
    QCOMPARE(shown.painter.mask().size(), QSize(400, 300));
    QCOMPARE(shown.painter.mask().format(), QImage::Format_Grayscale8);
    QVERIFY(shown.isBlank());
    shown.drag(shown.on(50, 100), shown.on(300, 100));
    for (const int x : {50, 150, 299}) {
        QCOMPARE(level(shown.painter.mask(), {x, 100}), 255);
    }
    QCOMPARE(level(shown.painter.mask(), {150, 200}), 0);
    shown.find("eraserButton")->click();
    shown.drag(shown.on(150, 50), shown.on(150, 250));
    QCOMPARE(level(shown.painter.mask(), {150, 100}), 0);
    QCOMPARE(level(shown.painter.mask(), {250, 100}), 255);
    // The other buttons paint nothing.
    QTest::mouseClick(shown.canvas, Qt::RightButton, {}, shown.on(50, 250));
    QCOMPARE(level(shown.painter.mask(), {50, 250}), 0);
}

void TestMaskPainter::onlyWhatIsPaintedIsDrawnAgain() {
    struct Paints : QObject {
        QRegion region;
        bool eventFilter(QObject*, QEvent* event) override {
            if (event->type() == QEvent::Paint) {
                region |= static_cast<QPaintEvent*>(event)->region();
            }
            return false;
        }
    };
    Shown shown;
    QTest::mouseMove(shown.canvas, shown.on(100, 100));
    QCoreApplication::processEvents();
    Paints paints;
    shown.canvas->installEventFilter(&paints);
    shown.drag(shown.on(100, 100), shown.on(130, 100));
    QCoreApplication::processEvents();
    QVERIFY(paints.region.contains(shown.on(115, 100)));
    QVERIFY(!paints.region.contains(shown.on(300, 100)));
    QVERIFY(!paints.region.contains(shown.on(115, 250)));
    // And it is what it would be if all were drawn.
    const QImage now = shown.canvas->grab().toImage();
    const QColor veiled = now.pixelColor(shown.on(115, 108));
    const QColor bare = now.pixelColor(shown.on(300, 200));
    QVERIFY(veiled != bare);
    QCOMPARE(bare, QColor(90, 120, 60));
}

void TestMaskPainter::toolsAndSizesHaveKeys() {
    Shown shown;
    shown.key(Qt::Key_E);
    QVERIFY(shown.find("eraserButton")->isChecked());
    shown.key(Qt::Key_G);
    QVERIFY(shown.find("fillButton")->isChecked());
    shown.key(Qt::Key_B);
    QCOMPARE(shown.canvas->tool(), ui::MaskCanvas::Tool::Brush);
    const int before = shown.canvas->brush();
    shown.key(Qt::Key_BracketRight);
    QVERIFY(shown.canvas->brush() > before);
    QCOMPARE(shown.box("brushSize")->value(), double(shown.canvas->brush()));
    shown.key(Qt::Key_BracketLeft);
    QCOMPARE(shown.canvas->brush(), before);
    shown.wheel(120, Qt::ControlModifier);
    QVERIFY(shown.canvas->brush() > before);
    shown.wheel(-120, Qt::ControlModifier);
    QCOMPARE(shown.canvas->brush(), before);
    shown.box("brushSize")->setValue(1);
    QCOMPARE(shown.canvas->brush(), 1);
    shown.key(Qt::Key_BracketLeft);
    QCOMPARE(shown.canvas->brush(), 1);
    shown.key(Qt::Key_BracketRight);
    QCOMPARE(shown.canvas->brush(), 2);
    // In a number these are digits and signs.
    shown.box("brushSize")->setFocus();
    shown.box("brushSize")->selectAll();
    QTest::keyClicks(shown.box("brushSize"), "11");
    QCOMPARE(shown.canvas->brush(), 11);
}

void TestMaskPainter::shiftDrawsAStraightLine() {
    Shown shown;
    QTest::mouseClick(shown.canvas, Qt::LeftButton, {}, shown.on(50, 50));
    QTest::mouseClick(shown.canvas, Qt::LeftButton, {}, shown.on(50, 250));
    QCOMPARE(level(shown.painter.mask(), {50, 150}), 0);
    QTest::mouseClick(shown.canvas, Qt::LeftButton, Qt::ShiftModifier, shown.on(350, 250));
    QCOMPARE(level(shown.painter.mask(), {200, 250}), 255);
}

void TestMaskPainter::aStrokeEndsWithItsButton() {
    Shown shown;
    const auto move = [&](const QPoint& at, Qt::MouseButtons buttons) {
        QMouseEvent event(QEvent::MouseMove, at, shown.canvas->mapToGlobal(at), Qt::NoButton, buttons, {});
        QApplication::sendEvent(shown.canvas, &event);
    };
    QTest::mousePress(shown.canvas, Qt::LeftButton, {}, shown.on(50, 100));
    move(shown.on(100, 100), Qt::LeftButton);
    // Its release went to a question that came meanwhile.
    move(shown.on(100, 200), Qt::NoButton);
    move(shown.on(300, 200), Qt::NoButton);
    QVERIFY(shown.find("undoButton")->isEnabled());
    QCOMPARE(level(shown.painter.mask(), {75, 100}), 255);
    QCOMPARE(level(shown.painter.mask(), {200, 200}), 0);
    shown.drag(shown.on(50, 250), shown.on(300, 250));
    QCOMPARE(level(shown.painter.mask(), {200, 250}), 255);
}

void TestMaskPainter::fillingStopsAtWhatIsPainted() {
    Shown shown;
    shown.drag(shown.on(200, 0), shown.on(200, 299));
    shown.key(Qt::Key_G);
    QTest::mouseClick(shown.canvas, Qt::LeftButton, {}, shown.on(50, 50));
    QCOMPARE(level(shown.painter.mask(), {2, 298}), 255);
    QCOMPARE(level(shown.painter.mask(), {300, 150}), 0);
    shown.find("invertButton")->click();
    QCOMPARE(level(shown.painter.mask(), {2, 298}), 0);
    QCOMPARE(level(shown.painter.mask(), {300, 150}), 255);
    shown.find("fillAllButton")->click();
    QCOMPARE(level(shown.painter.mask(), {2, 298}), 255);
    shown.find("clearButton")->click();
    QVERIFY(shown.isBlank());
}

void TestMaskPainter::theSoftEdgeIsShownAndGivenAway() {
    Shown shown;
    shown.box("brushSize")->setValue(60);
    shown.box("feather")->setValue(20);
    shown.drag(shown.on(50, 150), shown.on(350, 150));
    const QImage soft = shown.painter.mask();
    QCOMPARE(level(soft, {200, 150}), 255);
    const int outside = level(soft, {200, 150 + 34});
    QVERIFY2(outside > 0 && outside < 128, qPrintable(QString::number(outside)));
    QCOMPARE(level(soft, {200, 150 + 52}), 0);
    // What was done bit by bit is what is done at once.
    shown.box("feather")->setValue(0);
    QCOMPARE(level(shown.painter.mask(), {200, 150 + 34}), 0);
    const QColor hard = shown.canvas->grab().toImage().pixelColor(shown.on(200, 150 + 34));
    shown.box("feather")->setValue(20);
    QCOMPARE(shown.painter.mask(), soft);
    QVERIFY(shown.canvas->grab().toImage().pixelColor(shown.on(200, 150 + 34)) != hard);
}

void TestMaskPainter::undoAndRedo() {
    Shown shown;
    QVERIFY(!shown.find("undoButton")->isEnabled() && !shown.find("redoButton")->isEnabled());
    shown.drag(shown.on(50, 100), shown.on(300, 100));
    const QImage painted = shown.painter.mask().copy();
    shown.key(Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(shown.isBlank());
    QVERIFY(!shown.find("undoButton")->isEnabled());
    shown.key(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(shown.painter.mask(), painted);
    shown.find("undoButton")->click();
    shown.find("redoButton")->click();
    QCOMPARE(shown.painter.mask(), painted);
}

void TestMaskPainter::zoomAndMove() {
    Shown shown;
    const QRectF fitted = shown.canvas->area();
    shown.wheel(120);
    QVERIFY(shown.canvas->area().width() > fitted.width());
    for (int i = 0; i < 5; ++i) {
        shown.key(Qt::Key_Plus);
    }
    const QRectF close = shown.canvas->area();
    shown.drag({100, 100}, {60, 70}, Qt::MiddleButton);
    QCOMPARE(shown.canvas->area().topLeft(), close.topLeft() + QPointF(-40, -30));
    QTest::keyPress(shown.canvas, Qt::Key_Space);
    shown.drag({60, 70}, {100, 100});
    QTest::keyRelease(shown.canvas, Qt::Key_Space);
    QCOMPARE(shown.canvas->area(), close);
    QVERIFY(shown.isBlank());
    // What is under the pointer is painted, however close it is.
    shown.drag(shown.on(200, 150), shown.on(205, 150));
    QCOMPARE(level(shown.painter.mask(), {202, 150}), 255);
    shown.key(Qt::Key_1);
    QCOMPARE(shown.canvas->zoom(), 1.0);
    QCOMPARE(shown.find<QLabel>("zoomLabel")->text(), QString("100 %"));
    shown.key(Qt::Key_F);
    QCOMPARE(shown.canvas->area(), fitted);
}

void TestMaskPainter::aPensPressureIsItsWidth() {
    Shown shown;
    shown.box("brushSize")->setValue(60);
    const auto pen = [&](QEvent::Type type, const QPoint& at, double pressure,
                         QPointingDevice::PointerType kind) {
        const QPointingDevice device("pen", 1, QInputDevice::DeviceType::Stylus, kind,
                                     QInputDevice::Capability::Pressure, 1, 1);
        const bool down = type != QEvent::TabletRelease;
        QTabletEvent event(type, &device, at, shown.canvas->mapToGlobal(at), pressure, 0, 0, 0, 0, 0, {},
                           type == QEvent::TabletMove ? Qt::NoButton : Qt::LeftButton,
                           down ? Qt::LeftButton : Qt::NoButton);
        QApplication::sendEvent(shown.canvas, &event);
        QVERIFY(event.isAccepted());
    };
    const auto stroke = [&](double pressure, int y, QPointingDevice::PointerType kind) {
        pen(QEvent::TabletPress, shown.on(50, y), pressure, kind);
        pen(QEvent::TabletMove, shown.on(350, y), pressure, kind);
        pen(QEvent::TabletRelease, shown.on(350, y), 0, kind);
    };
    stroke(1, 70, QPointingDevice::PointerType::Pen);
    stroke(0.25, 200, QPointingDevice::PointerType::Pen);
    QCOMPARE(level(shown.painter.mask(), {200, 70 + 25}), 255);
    QCOMPARE(level(shown.painter.mask(), {200, 200 + 4}), 255);
    QCOMPARE(level(shown.painter.mask(), {200, 200 + 12}), 0);
    stroke(1, 70, QPointingDevice::PointerType::Eraser);
    QCOMPARE(level(shown.painter.mask(), {200, 70}), 0);
    shown.key(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(level(shown.painter.mask(), {200, 70}), 255);
}

void TestMaskPainter::theKeyboardPaints() {
    Shown shown;
    QVERIFY(shown.canvas->hasFocus());
    shown.key(Qt::Key_Return);
    QVERIFY(shown.painter.isVisible());
    QCOMPARE(level(shown.painter.mask(), {200, 150}), 255);
    for (int i = 0; i < 12; ++i) {
        shown.key(Qt::Key_Right);
    }
    QCOMPARE(level(shown.painter.mask(), {260, 150}), 0);
    for (int i = 0; i < 8; ++i) {
        shown.key(Qt::Key_Down, Qt::ShiftModifier);
    }
    int painted = 0;
    for (int x = 210; x < 400; ++x) {
        painted += level(shown.painter.mask(), {x, 170}) == 255 ? 1 : 0;
    }
    QVERIFY(painted > 0);
    // At the edge the picture moves on instead of the brush.
    shown.key(Qt::Key_F);
    for (int i = 0; i < 8; ++i) {
        shown.key(Qt::Key_Plus);
    }
    const QPointF before = shown.canvas->area().topLeft();
    for (int i = 0; i < 60; ++i) {
        shown.key(Qt::Key_Left);
    }
    QVERIFY(shown.canvas->area().left() > before.x());
    shown.key(Qt::Key_Return);
    QCOMPARE(level(shown.painter.mask(), {1, 170}), 0);
    bool atTheEdge = false;
    for (int y = 0; y < 300; ++y) {
        atTheEdge = atTheEdge || level(shown.painter.mask(), {0, y}) == 255;
    }
    QVERIFY(atTheEdge);
}

void TestMaskPainter::escapeAsksOnlyWhenSomethingWasPainted() {
    QImage white(400, 300, QImage::Format_Grayscale8);
    white.fill(255);
    {
        Shown shown(white);
        QCOMPARE(shown.painter.mask(), white);
        shown.drag(shown.on(50, 100), shown.on(300, 100));  // white on white
        shown.key(Qt::Key_Escape);
        QVERIFY(!shown.painter.isVisible());
    }
    Shown shown(white);
    shown.find("clearButton")->click();
    shown.key(Qt::Key_Escape);
    auto* question = shown.painter.findChild<QMessageBox*>("discardQuestion");
    QVERIFY(question && shown.painter.isVisible());
    QTest::keyClick(question, Qt::Key_Escape);
    QVERIFY(shown.painter.isVisible());
    QTRY_VERIFY(!shown.painter.findChild<QMessageBox*>("discardQuestion"));
    // Closing the window asks, too.
    shown.painter.close();
    question = shown.painter.findChild<QMessageBox*>("discardQuestion");
    QVERIFY(question && shown.painter.isVisible());
    QSignalSpy rejected(&shown.painter, &QDialog::rejected);
    for (QAbstractButton* button : question->buttons()) {
        if (question->buttonRole(button) == QMessageBox::DestructiveRole) {
            button->click();
            break;
        }
    }
    QCOMPARE(rejected.size(), 1);
    QVERIFY(!shown.painter.isVisible());
}

void TestMaskPainter::everythingHasANameAndAPlaceInTheTabOrder() {
    Shown shown;
    QStringList order;
    shown.find("undoButton")->setEnabled(true);
    shown.find("redoButton")->setEnabled(true);
    for (int i = 0; i < 40; ++i) {
        const QWidget* at = shown.painter.focusWidget();
        const QString name = at->objectName().isEmpty() || at->objectName().startsWith("qt_")
                                 ? at->parentWidget()->objectName()
                                 : at->objectName();
        if (order.contains(name) && name == "maskCanvas") {
            break;
        }
        const auto* interface = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(at));
        QVERIFY2(!interface->text(QAccessible::Name).isEmpty(), qPrintable(name));
        if (order.isEmpty() || order.last() != name) {
            order.append(name);
        }
        shown.key(Qt::Key_Tab);
    }
    QCOMPARE(order,
             QStringList({"maskCanvas", "brushButton", "undoButton", "redoButton", "brushSize", "feather",
                          "fillAllButton", "invertButton", "clearButton", "zoomOutButton", "zoomInButton",
                          "fitButton", "actualSizeButton", "cancelButton", "useMaskButton"}));
    QSignalSpy accepted(&shown.painter, &QDialog::accepted);
    shown.find("useMaskButton")->click();
    QCOMPARE(accepted.size(), 1);
}

QTEST_MAIN(TestMaskPainter)
#include "test_mask_painter.moc"
