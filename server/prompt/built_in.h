// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::prompt {

/// A file of CLIP's vocabulary: "merges.txt".
std::string_view builtInVocabulary(std::string_view name);

}  // namespace easel::prompt
