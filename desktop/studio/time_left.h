// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace easel::studio {

/// "6 s", "2 min", "1 h 5 min".
QString timeLeft(double seconds);

}  // namespace easel::studio
