// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace easel::http {

/// The fields of a query string or of a form, decoded, in the order in which they came.
class Query {
public:
    void add(std::string name, std::string value) {
        m_fields.emplace_back(std::move(name), std::move(value));
    }
    /// The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;

    bool empty() const { return m_fields.empty(); }
    auto begin() const { return m_fields.begin(); }
    auto end() const { return m_fields.end(); }

private:
    std::vector<std::pair<std::string, std::string>> m_fields;
};

/// The parts of a request target (RFC 9112, 3.2), decoded.
struct Target {
    std::string authority;  ///< of an absolute-form target; else empty
    std::string path;       ///< begins with '/', or is "*"
    Query query;
};

/// Refuses, with a sentence: bad escapes, NUL and control characters, `.` and `..` segments, encoded
/// slashes, invalid UTF-8.
tl::expected<Target, std::string> parseTarget(std::string_view target);

/// Reads what a form sends: `name=value&…`, '+' for a space.
tl::expected<Query, std::string> parseQuery(std::string_view text);

/// Escapes all but the unreserved characters of RFC 3986.
std::string percentEncode(std::string_view text);

}  // namespace easel::http
