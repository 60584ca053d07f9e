// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QRect>

namespace easel::ui {

/// `region` of `mask` (8-bit grey), with edges that are soft for `radius` pixels to either side. Where the
/// picture ends, the mask is taken to go on as it is there. `region` lies within the mask.
QImage feathered(const QImage& mask, int radius, const QRect& region);

}  // namespace easel::ui
