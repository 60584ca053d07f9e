// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "shared/protocol/addition.h"
#include "shared/protocol/problem.h"

/// What several kinds of JSON have in common. For this folder's .cpp files.
namespace easel::protocol {

/// Text from strangers may hold invalid UTF-8; it becomes U+FFFD rather than an exception.
std::string text(const nlohmann::json& value);

template <typename T>
nlohmann::json orNull(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json write(const Problem& problem);
Expected<Problem> readProblem(const nlohmann::json& value);

/// As nlohmann has it.
void to_json(nlohmann::json& value, const LoraUse& use);
void to_json(nlohmann::json& value, const ControlUse& use);
/// For Reader::readList. `Strict`: members that there are not are refused, as in what a client asks for.
enum class Strict { No, Yes };
Expected<LoraUse> readLora(const nlohmann::json& value, Strict strict);
Expected<ControlUse> readControl(const nlohmann::json& value, Strict strict);

/// Milliseconds since 1970 UTC as RFC 3339 has them.
nlohmann::json writeTime(const std::optional<std::int64_t>& time);
Expected<std::int64_t> timeItem(const nlohmann::json& value);

/// For Reader::readList.
Expected<std::string> textItem(const nlohmann::json& value);

/// For Reader::read: what a newer server may say is read as the nearest that is known.
template <typename Enum>
auto enumItemOr(std::optional<Enum> (*from)(std::string_view), Enum otherwise) {
    return [=](const nlohmann::json& value) -> Expected<Enum> {
        return value.is_string() ? from(value.get_ref<const std::string&>()).value_or(otherwise) : otherwise;
    };
}

}  // namespace easel::protocol
