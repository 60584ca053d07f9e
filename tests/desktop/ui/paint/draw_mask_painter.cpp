// SPDX-License-Identifier: Apache-2.0
// Draws the mask painter in its states, light and dark, for looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_mask_painter PICTURE FOLDER
#include <QAbstractButton>
#include <QApplication>
#include <QDir>
#include <QDoubleSpinBox>
#include <QMessageBox>
#include <QTest>

#include "desktop/ui/paint/mask_painter.h"
#include "desktop/ui/parts/theme.h"

using namespace easel;

namespace {

void draw(const QImage& picture, const QString& folder, const QString& suffix) {
    ui::MaskPainter painter(picture, {});
    painter.show();
    QTest::qWait(50);
    const auto save = [&](const char* name) {
        QTest::qWait(50);
        painter.grab().save(folder + '/' + name + suffix);
    };
    const auto number = [&](const char* name) {
        return painter.findChild<QWidget*>(name)->findChild<QDoubleSpinBox*>();
    };
    auto* canvas = painter.findChild<ui::MaskCanvas*>();
    const auto at = [&](double x, double y) {
        const QRectF area = canvas->area();
        return QPointF(area.left() + x * area.width(), area.top() + y * area.height()).toPoint();
    };
    const auto line = [&](double fromX, double fromY, double toX, double toY) {
        QTest::mousePress(canvas, Qt::LeftButton, {}, at(fromX, fromY));
        QMouseEvent move(QEvent::MouseMove, at(toX, toY), canvas->mapToGlobal(at(toX, toY)), Qt::NoButton,
                         Qt::LeftButton, {});
        QApplication::sendEvent(canvas, &move);
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, at(toX, toY));
    };
    save("mask-empty");
    line(0.2, 0.3, 0.6, 0.35);
    line(0.6, 0.35, 0.45, 0.7);
    save("mask-painted");
    number("feather")->setValue(40);
    save("mask-soft");
    for (int i = 0; i < 8; ++i) {
        painter.findChild<QAbstractButton*>("zoomInButton")->click();
    }
    save("mask-close");
    painter.findChild<QAbstractButton*>("fitButton")->click();
    QTest::keyClick(canvas, Qt::Key_Tab);
    save("mask-keyboard");
    painter.resize(720, 480);
    save("mask-small");
    painter.close();
    if (auto* question = painter.findChild<QMessageBox*>()) {
        question->grab().save(folder + "/mask-question" + suffix);
    }
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication app(argc, argv);
    if (argc != 3) {
        qFatal("draw_mask_painter PICTURE FOLDER");
    }
    const QImage picture(argv[1]);
    if (picture.isNull() || !QDir().mkpath(argv[2])) {
        qFatal("no picture, or no folder");
    }
    ui::Theme theme(app);
    for (const auto& [scheme, suffix] :
         {std::pair(ui::Scheme::Light, "-light.png"), std::pair(ui::Scheme::Dark, "-dark.png")}) {
        theme.setScheme(scheme);
        draw(picture, argv[2], suffix);
    }
    return 0;
}
