// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace easel::models {

/// What came instead of a model's file, told by how it begins, and what to do about it, as sentences: a
/// pointer of Git LFS, a web page. Empty when it is neither.
std::optional<std::string> substituteFor(std::string_view bytes);

/// The same for a file that should hold safetensors, where anything else is foreign: also other weight
/// formats, archives and texts. Empty when none is recognized.
std::optional<std::string> foreignWeights(std::string_view bytes);

}  // namespace easel::models
