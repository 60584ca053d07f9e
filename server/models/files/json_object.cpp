// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/json_object.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "server/models/files/model_problem.h"
#include "server/models/files/text_file.h"
#include "shared/protocol/strict_json.h"

namespace easel::models {

using nlohmann::json;

namespace {

/// Python writes NaN, Infinity and -Infinity, which JSON does not have: they become null.
std::string withoutPythonNumbers(std::string text) {
    constexpr std::string_view kNames[] = {"-Infinity", "Infinity", "NaN"};
    if (text.find("NaN") == std::string::npos && text.find("Infinity") == std::string::npos) {
        return text;
    }
    std::string clean;
    clean.reserve(text.size());
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!inString) {
            for (const std::string_view name : kNames) {
                if (text.compare(i, name.size(), name) == 0) {
                    clean += "null";
                    i += name.size();
                    break;
                }
            }
            if (i == text.size()) {
                break;
            }
        } else if (text[i] == '\\' && i + 1 < text.size()) {
            clean += text[i++];
            clean += text[i];
            continue;
        }
        inString ^= text[i] == '"';
        clean += text[i];
    }
    return clean;
}

std::string shortened(const json& value) {
    constexpr std::size_t kShown = 80;
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > kShown) {
        text.replace(kShown, std::string::npos, "...");
    }
    return text;
}

/// The integer that `value` is, within its bounds.
std::optional<int> asInteger(const json& value, int least, int most) {
    if (!value.is_number_integer() || value < least || value > most) {
        return std::nullopt;
    }
    return value.get<int>();
}

std::string wholeNumber(int least, int most) {
    return fmt::format("a whole number from {} to {}", least, most);
}

protocol::Expected<json> parseJson(const std::filesystem::path& file, std::string text) {
    return protocol::parseStrict(withoutPythonNumbers(std::move(text)))
        .map_error([&](const protocol::Problem& problem) { return modelProblem(file, problem.detail); });
}

}  // namespace

protocol::Expected<json> readJsonFile(const std::filesystem::path& file) {
    auto text = readTextFile(file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    return parseJson(file, std::move(*text));
}

protocol::Expected<JsonObject> JsonObject::read(const std::filesystem::path& file) {
    return readTextFile(file).and_then([&](const std::string& text) { return parse(file, text); });
}

protocol::Expected<JsonObject> JsonObject::parse(const std::filesystem::path& file, std::string_view text) {
    if (text.size() > kMostTextBytes) {  // one that stands in a file of another kind
        return tl::unexpected(modelProblem(
            file,
            fmt::format("A text in it has {} bytes; at most {} are read.", text.size(), kMostTextBytes)));
    }
    auto value = parseJson(file, std::string(text));
    if (!value) {
        return tl::unexpected(std::move(value.error()));
    }
    if (!value->is_object()) {
        return tl::unexpected(modelProblem(file, "It does not hold a JSON object."));
    }
    return JsonObject(file, std::move(*value));
}

JsonObject::JsonObject(std::filesystem::path file, json object)
    : m_file(std::move(file)), m_json(std::make_unique<json>(std::move(object))) {}
JsonObject::~JsonObject() = default;
JsonObject::JsonObject(JsonObject&& other) noexcept = default;

bool JsonObject::has(std::string_view key) const {
    return at(key) != nullptr;
}

bool JsonObject::isNull(std::string_view key) const {
    const auto found = m_json->find(key);
    return found != m_json->end() && found->is_null();
}

int JsonObject::integer(std::string_view key, int fallback, int least, int most) {
    const json* const value = at(key);
    if (!value) {
        return fallback;
    }
    const auto number = asInteger(*value, least, most);
    if (!number) {
        wrongType(key, wholeNumber(least, most).c_str());
    }
    return number.value_or(fallback);
}

double JsonObject::number(std::string_view key, double fallback, double above) {
    const json* const value = at(key);
    if (!value) {
        return fallback;
    }
    if (!value->is_number() || !(value->get<double>() > above)) {
        refuse(key, "must be a number above " + shortened(json(above)));
        return fallback;
    }
    return value->get<double>();
}

bool JsonObject::boolean(std::string_view key, bool fallback) {
    if (isNull(key)) {
        return false;
    }
    const json* const value = at(key);
    if (value && !value->is_boolean()) {
        wrongType(key, "true or false");
        return fallback;
    }
    return value ? value->get<bool>() : fallback;
}

std::string JsonObject::text(std::string_view key, const std::string& fallback) {
    const json* const value = at(key);
    if (value && !value->is_string()) {
        wrongType(key, "a string");
        return fallback;
    }
    return value ? value->get<std::string>() : fallback;
}

std::vector<std::string> JsonObject::texts(std::string_view key, const std::vector<std::string>& fallback) {
    const json* const value = at(key);
    if (!value) {
        return fallback;
    }
    std::vector<std::string> all;
    for (const json& element : value->is_array() ? *value : json::array({nullptr})) {
        if (!element.is_string()) {
            wrongType(key, "a list of strings");
            return fallback;
        }
        all.push_back(element.get<std::string>());
    }
    return all;
}

std::vector<int> JsonObject::integers(std::string_view key, const std::vector<int>& fallback, int least,
                                      int most) {
    const json* const value = at(key);
    if (!value) {
        return fallback;
    }
    std::vector<int> all;
    for (const json& element : value->is_array() ? *value : json::array({nullptr})) {
        const auto number = asInteger(element, least, most);
        if (!number) {
            wrongType(key, ("a list, each " + wholeNumber(least, most)).c_str());
            return fallback;
        }
        all.push_back(*number);
    }
    return all;
}

std::vector<float> JsonObject::floats(std::string_view key) {
    const json* const value = at(key);
    if (!value) {
        return {};
    }
    std::vector<float> all;
    for (const json& element : value->is_array() ? *value : json::array({nullptr})) {
        if (!element.is_number()) {
            wrongType(key, "a list of numbers");
            return {};
        }
        all.push_back(element.get<float>());
    }
    return all;
}

std::vector<int> JsonObject::perBlock(std::string_view key, std::size_t count, int fallback) {
    const json* const value = at(key);
    if (!value || !value->is_array()) {
        return std::vector<int>(count, integer(key, fallback));
    }
    auto all = integers(key, {});
    if (all.size() != count) {
        refuse(key, fmt::format("must have one number for each of the {} blocks", count));
        all.resize(count, fallback);
    }
    return all;
}

std::map<std::string, std::string> JsonObject::textMap(std::string_view key) {
    const json* const value = at(key);
    std::map<std::string, std::string> all;
    if (!value || !value->is_object()) {
        wrongType(key, "an object of strings");
        return all;
    }
    for (const auto& [name, element] : value->items()) {
        if (!element.is_string()) {
            wrongType(key, "an object of strings");
            return {};
        }
        all.emplace(name, element.get<std::string>());
    }
    return all;
}

std::optional<JsonObject> JsonObject::object(std::string_view key) const {
    const json* const value = at(key);
    return value && value->is_object() ? std::optional(JsonObject(m_file, *value)) : std::nullopt;
}

std::vector<JsonObject> JsonObject::objects(std::string_view key) {
    const json* const value = at(key);
    if (!value) {
        return {};
    }
    std::vector<JsonObject> all;
    for (const json& element : value->is_array() ? *value : json::array({nullptr})) {
        if (!element.is_object()) {
            wrongType(key, "a list of objects");
            return {};
        }
        all.push_back(JsonObject(m_file, element));
    }
    return all;
}

std::vector<JsonObject> JsonObject::each(std::string_view key, const std::string& name) const {
    std::vector<JsonObject> all;
    const json* const value = at(key);
    if (value && value->is_structured()) {
        for (const json& element : *value) {
            all.push_back(JsonObject(m_file, {{name, element}}));
        }
    }
    return all;
}

std::vector<std::string> JsonObject::keys() const {
    std::vector<std::string> all;
    for (const auto& [name, element] : m_json->items()) {
        all.push_back(name);
    }
    return all;
}

bool JsonObject::namesClass(std::string_view key) const {
    const json* const value = at(key);
    return value && value->is_array() && value->size() == 2 && (*value)[0].is_string() &&
           (*value)[1].is_string();
}

void JsonObject::require(std::string_view key, const char* only) {
    requireJson(key, only);
}

void JsonObject::require(std::string_view key, bool only) {
    requireJson(key, only);
}

void JsonObject::require(std::string_view key, int only) {
    requireJson(key, only);
}

void JsonObject::requireNone(std::string_view key) {
    if (has(key)) {
        refuse(key, "is not supported by this engine; it can only be absent or null");
    }
}

void JsonObject::requireSome(std::string_view key) {
    if (isNull(key)) {
        refuse(key, "is not supported by this engine; there must be a value");
    }
}

void JsonObject::requireSilu(std::string_view key) {
    std::string name = text(key, "silu");
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name != "silu" && name != "swish") {
        refuse(key, "is not supported by this engine; it can only be \"silu\"");
    }
}

void JsonObject::refuse(std::string_view key, const std::string& why) {
    if (m_problem) {
        return;
    }
    const json* const value = at(key);
    m_problem =
        modelProblem(m_file, fmt::format("\"{}\": {} {}.", key, value ? shortened(*value) : "null", why));
}

const json* JsonObject::at(std::string_view key) const {
    const auto found = m_json->find(key);
    return found == m_json->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::requireJson(std::string_view key, const json& only) {
    const json* const value = at(key);
    if (!value) {
        return;
    }
    for (const json& element : value->is_array() ? *value : json::array({*value})) {
        if (element != only) {
            refuse(key, "is not supported by this engine; it can only be " + only.dump());
        }
    }
}

void JsonObject::wrongType(std::string_view key, const char* expected) {
    refuse(key, std::string("must be ") + expected);
}

}  // namespace easel::models
