// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>
#include <QStyleOption>

/// How FlatStyle's controls look: colours of the palette, rounded boxes, a visible focus ring.
namespace easel::ui {

/// The box around everything that takes input; outlined as wrong where `widget` is marked so.
void drawField(QPainter* painter, const QStyleOption* option, const QWidget* widget);
void drawFocusRing(QPainter* painter, const QRect& rect, const QPalette& palette);
void drawChevron(QPainter* painter, const QRect& rect, bool up, const QColor& color);
void drawButton(QPainter* painter, const QStyleOptionButton& option);
void drawToolButton(QPainter* painter, const QStyleOption* option);
/// The ground of a button that paints its own contents: seen under the mouse and with the keyboard in it.
void drawQuietButton(QPainter* painter, const QAbstractButton& button);
void drawCheckBox(QPainter* painter, const QStyleOption& option);
/// `handle` is where the style puts it.
void drawSlider(QPainter* painter, const QStyleOptionSlider& option, const QRect& handle);
void drawScrollBar(QPainter* painter, const QStyleOptionSlider& option, const QRect& handle);

}  // namespace easel::ui
