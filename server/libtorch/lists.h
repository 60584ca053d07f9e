// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::libtorch {

/// A file that was built in: the list for each kind, by its name in packaging/.
std::string_view listText(std::string_view name);

}  // namespace easel::libtorch
