// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// A file that an index offers.
struct IndexFile {
    std::string url;
    std::string sha256;
    std::optional<std::int64_t> size = {};  ///< bytes; only the newer pages say it

    bool operator==(const IndexFile&) const = default;
};

/// The files of a project's page, of those that come with a SHA-256 and an address: HTML (PEP 503), or JSON
/// (PEP 691) where `contentType` says so. Addresses are relative to the page's own. Errors: JSON that cannot
/// be read.
protocol::Expected<std::vector<IndexFile>> parseIndexPage(const std::string& contentType,
                                                          const std::string& body,
                                                          const std::string& address);

}  // namespace easel::libtorch
