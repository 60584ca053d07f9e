// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>
#include <QString>

class QLabel;
class QWidget;

/// Measures, colours and type of the whole window: one spacing unit, one accent, three sizes of type.
namespace easel::ui {

/// Device-independent pixels.
inline constexpr int kUnit = 8;
inline constexpr int kMargin = 16;
inline constexpr int kGroupGap = 24;
inline constexpr int kRadius = 6;
inline constexpr int kControlHeight = 32;
inline constexpr int kIconSize = 20;

/// What QPalette has no role for. Always shown together with a symbol or a word.
struct StatusColors {
    QColor good;
    QColor busy;
    QColor bad;
};

bool isDark(const QPalette& palette);
StatusColors statusColors(const QPalette& palette);
/// The neutral grey behind pictures: no tint, which would distort their colours.
QColor pictureGround(const QPalette& palette);

/// 0.9 of the platform's font.
QFont captionFont();
/// 1.25 of it, semibold.
QFont headingFont();
/// A caption in the quieter text colour.
QLabel* captionLabel(const QString& text, QWidget* parent = nullptr);
/// Has `label` show plain text in as many lines as it takes, for people to copy.
QLabel* proseLabel(QLabel* label, const char* name);

}  // namespace easel::ui
