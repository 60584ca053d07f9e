// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/measures.h"

#include <QApplication>
#include <QLabel>

namespace easel::ui {

namespace {

QFont scaled(double factor) {
    QFont font = QApplication::font();
    if (font.pointSizeF() > 0) {
        font.setPointSizeF(font.pointSizeF() * factor);
    } else {
        font.setPixelSize(qRound(font.pixelSize() * factor));
    }
    return font;
}

}  // namespace

bool isDark(const QPalette& palette) {
    return palette.color(QPalette::Window).lightness() < 128;
}

StatusColors statusColors(const QPalette& palette) {
    if (isDark(palette)) {
        return {QColor(0x5fc98a), QColor(0xe9b44c), QColor(0xff8a80)};
    }
    return {QColor(0x1d7f46), QColor(0x8f5c00), QColor(0xb3261e)};
}

QColor pictureGround(const QPalette& palette) {
    return isDark(palette) ? QColor(0x2e2e2e) : QColor(0xdedede);
}

QFont captionFont() {
    return scaled(0.9);
}

QFont headingFont() {
    QFont font = scaled(1.25);
    font.setWeight(QFont::DemiBold);
    return font;
}

QLabel* proseLabel(QLabel* label, const char* name) {
    label->setObjectName(name);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

QLabel* captionLabel(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setFont(captionFont());
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setWordWrap(true);
    return label;
}

}  // namespace easel::ui
