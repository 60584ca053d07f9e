// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QIcon>
#include <QPixmap>
#include <QString>

namespace easel::ui {

/// One of our own line icons (resources/icons, without ".svg"), drawn in the palette's text colour of the
/// moment, so that it follows light and dark by itself.
QIcon icon(const QString& name);
/// The same in one colour, `size` device-independent pixels wide, for painting and for labels.
QPixmap iconPixmap(const QString& name, const QColor& color, int size, qreal devicePixelRatio);

}  // namespace easel::ui
