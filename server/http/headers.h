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

    auto begin() const { return m_fields.begin(); }
    auto end() const { return m_fields.end(); }

private:
    std::vector<std::pair<std::string, std::string>> m_fields;
};

/// ASCII only, as header names and tokens are.
bool equalsIgnoringCase(std::string_view left, std::string_view right);

}  // namespace easel::http
