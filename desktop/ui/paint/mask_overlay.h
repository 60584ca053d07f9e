// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QImage>

namespace easel::ui {

/// The colour in which a mask is laid over `picture`: of a few strong ones the one that most of the picture
/// differs from most.
QColor overlayColor(const QImage& picture);

/// `mask` (8-bit grey) as a veil in `color`, thicker where it is whiter. Looks at the mask's own memory, so
/// it is good until the mask changes.
QImage overlay(const QImage& mask, const QColor& color);

}  // namespace easel::ui
