// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace easel::prompt {

/// Cuts normalized text into the pieces that byte pairs are merged within: runs of letters, single numbers,
/// English contractions and runs of anything else; white space only separates. Views into `text`.
std::vector<std::string_view> piecesOf(std::string_view text);

}  // namespace easel::prompt
