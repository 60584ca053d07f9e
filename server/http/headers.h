// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace easel::http {

/// Header fields in the order in which they came; names compare without case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields);

    /// Control characters in the value are left out.
    void add(std::string name, std::string value);
    /// Replaces every field of that name.
    void set(std::string_view name, std::string value);
    /// The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    /// All fields of that name as the one list that they are (RFC 9110, 5.3).
    std::optional<std::string> list(std::string_view name) const;

    auto begin() const { return m_fields.begin(); }
    auto end() const { return m_fields.end(); }

private:
    std::vector<std::pair<std::string, std::string>> m_fields;
};

/// ASCII only, as header names and tokens are.
bool equalsIgnoringCase(std::string_view left, std::string_view right);
bool startsWithIgnoringCase(std::string_view text, std::string_view beginning);

}  // namespace easel::http
