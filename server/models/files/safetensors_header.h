// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "server/models/files/dtype.h"

namespace easel::models {

/// One entry of a safetensors header, as written and not yet checked against the data.
struct HeaderEntry {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// A file's header.
struct SafetensorsHeader {
    std::vector<HeaderEntry> entries;
    /// What its writer told of it: texts by their names.
    std::map<std::string, std::string> metadata;
};

/// Reads the header's JSON. Refused, with a sentence: what is not JSON in UTF-8, a name or field given
/// twice, a field that is missing, unknown or of the wrong type, and names or ranks beyond all reason.
tl::expected<SafetensorsHeader, std::string> parseSafetensorsHeader(std::string_view json);

}  // namespace easel::models
