// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/time_left.h"

#include <QObject>

#include <algorithm>
#include <cmath>

namespace easel::studio {

QString timeLeft(double seconds) {
    const auto whole = static_cast<int>(std::ceil(std::clamp(seconds, 0.0, 1e6)));
    if (whole < 60) {
        return QObject::tr("%1 s").arg(whole);
    }
    if (whole < 3600) {
        return QObject::tr("%1 min").arg((whole + 59) / 60);
    }
    return QObject::tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

}  // namespace easel::studio
