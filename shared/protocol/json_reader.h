// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// Reads the members of one JSON object and remembers the first thing that is wrong.
class Reader {
public:
    Reader(const nlohmann::json& object, std::string what) : m_object(object), m_what(std::move(what)) {
        if (!object.is_object()) {
            m_problem = malformed(m_what + " must be a JSON object.");
        }
    }

    /// Reads `key` into `target`; absent or null leaves it as it is.
    template <typename T>
    void read(const char* key, T& target) {
        const nlohmann::json* value = member(key);
        if (value) {
            assign(key, *value, target);
        }
    }

    template <typename T>
    void read(const char* key, std::optional<T>& target) {
        const nlohmann::json* value = member(key);
        if (value) {
            T read{};
            assign(key, *value, read);
            target = std::move(read);
        }
    }

    /// A member that `convert` turns from json into an Expected.
    template <typename T, typename Convert>
    void read(const char* key, T& target, Convert convert) {
        const nlohmann::json* value = member(key);
        if (!value) {
            return;
        }
        auto converted = convert(*value);
        if (converted) {
            target = std::move(*converted);
        } else {
            fail(std::move(converted.error()));
        }
    }

    template <typename Item, typename Convert>
    void readList(const char* key, std::vector<Item>& target, Convert convert) {
        const nlohmann::json* list = member(key);
        if (!list) {
            return;
        }
        if (!list->is_array()) {
            return fail(invalidField(key, std::string(key) + " must be a list."));
        }
        for (const nlohmann::json& item : *list) {
            auto converted = convert(item);
            if (!converted) {
                return fail(std::move(converted.error()));
            }
            target.push_back(std::move(*converted));
        }
    }

    /// Every member must be one of `names`.
    template <typename Names = std::initializer_list<std::string_view>>
    void refuseOthers(const Names& names) {
        if (!m_object.is_object()) {
            return;
        }
        for (const auto& [key, ignored] : m_object.items()) {
            if (std::ranges::find(names, key) == std::end(names)) {
                fail(invalidField(key, "There is no field of this name; GET /openapi.json lists them."));
            }
        }
    }

    void fail(Problem problem) {
        if (!m_problem) {
            m_problem = std::move(problem);
        }
    }

    template <typename T>
    Expected<T> finish(T value) {
        if (m_problem) {
            return tl::unexpected(*m_problem);
        }
        return value;
    }

private:
    const nlohmann::json* member(const char* key) const {
        if (m_problem) {
            return nullptr;
        }
        const auto found = m_object.find(key);
        return found == m_object.end() || found->is_null() ? nullptr : &*found;
    }

    void assign(const char* key, const nlohmann::json& value, std::string& target) {
        if (value.is_string()) {
            target = value.get<std::string>();
        } else {
            fail(invalidField(key, std::string(key) + " must be a text."));
        }
    }

    void assign(const char* key, const nlohmann::json& value, bool& target) {
        if (value.is_boolean()) {
            target = value.get<bool>();
        } else {
            fail(invalidField(key, std::string(key) + " must be true or false."));
        }
    }

    void assign(const char* key, const nlohmann::json& value, double& target) {
        if (value.is_number() && std::isfinite(value.get<double>())) {
            target = value.get<double>();
        } else {
            fail(invalidField(key, std::string(key) + " must be a number."));
        }
    }

    void assign(const char* key, const nlohmann::json& value, std::int64_t& target) {
        integer(key, value, target);
    }
    void assign(const char* key, const nlohmann::json& value, int& target) { integer(key, value, target); }

    /// Accepts 20 and 20.0, which is what some JSON writers make of 20.
    template <typename Integer>
    void integer(const char* key, const nlohmann::json& value, Integer& target) {
        constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double skips integers
        if (value.is_number_integer() &&
            !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)) {
            const auto wide = value.get<std::int64_t>();
            if (std::in_range<Integer>(wide)) {
                target = static_cast<Integer>(wide);
                return;
            }
            return fail(invalidField(key, std::string(key) + " is out of range."));
        }
        if (value.is_number_float()) {
            const double wide = value.get<double>();
            if (std::trunc(wide) == wide && std::abs(wide) < kExact &&
                std::in_range<Integer>(static_cast<std::int64_t>(wide))) {
                target = static_cast<Integer>(wide);
                return;
            }
        }
        fail(invalidField(key, std::string(key) + " must be a whole number."));
    }

    const nlohmann::json& m_object;
    std::string m_what;
    std::optional<Problem> m_problem;
};

}  // namespace easel::protocol
