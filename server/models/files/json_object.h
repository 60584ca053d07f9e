// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "shared/protocol/problem.h"

namespace easel::models {

/// What a model's JSON file holds, with null for the numbers that only Python writes. Refused like JSON from
/// any stranger: nesting without end, a key that is there twice.
protocol::Expected<nlohmann::json> readJsonFile(const std::filesystem::path& file);

/// One JSON object from a model's file, read key by key. A key that is absent or null has its fallback, but a
/// flag that is null is off, as Python has it. The first value that cannot be used is remembered and told by
/// `problem`, so that a reader asks once, at its end; until then it works on with fallbacks.
class JsonObject {
public:
    static protocol::Expected<JsonObject> read(const std::filesystem::path& file);
    /// The same of a text that was got otherwise; errors call it `file`.
    static protocol::Expected<JsonObject> parse(const std::filesystem::path& file, std::string_view text);

    ~JsonObject();
    JsonObject(JsonObject&& other) noexcept;
    JsonObject& operator=(JsonObject&&) = delete;

    bool has(std::string_view key) const;
    /// It is there, and null.
    bool isNull(std::string_view key) const;
    int integer(std::string_view key, int fallback, int least = 1, int most = 1 << 20);
    /// `above` is not allowed itself.
    double number(std::string_view key, double fallback, double above = 0);
    bool boolean(std::string_view key, bool fallback);
    std::string text(std::string_view key, const std::string& fallback);
    std::vector<std::string> texts(std::string_view key, const std::vector<std::string>& fallback = {});
    std::vector<int> integers(std::string_view key, const std::vector<int>& fallback, int least = 1,
                              int most = 1 << 20);
    std::vector<float> floats(std::string_view key);
    /// One number for each of `count` blocks: given once for all, or as a list of that length.
    std::vector<int> perBlock(std::string_view key, std::size_t count, int fallback);
    /// The members of the object at `key`, which must all be strings.
    std::map<std::string, std::string> textMap(std::string_view key);
    /// The object at `key`, to be read in the same way; empty when there is none.
    std::optional<JsonObject> object(std::string_view key) const;
    /// The objects in the list at `key`, to be read in the same way.
    std::vector<JsonObject> objects(std::string_view key);
    /// Whatever is in the list or the object at `key`, each as an object of its own that has it at `name`.
    std::vector<JsonObject> each(std::string_view key, const std::string& name) const;
    std::vector<std::string> keys() const;
    /// The value at `key` is a list of two texts: a library and its class, as an index of parts has them.
    bool namesClass(std::string_view key) const;

    /// Refuses any value of `key` but this one, which an absent key stands for; of a list, each element.
    void require(std::string_view key, const char* only);
    void require(std::string_view key, bool only);
    void require(std::string_view key, int only);
    /// Refuses any value of `key` but null.
    void requireNone(std::string_view key);
    /// Refuses null.
    void requireSome(std::string_view key);
    /// Refuses any activation but SiLU under one of its names at `key`, which is the default.
    void requireSilu(std::string_view key);
    /// Remembers that the value of `key` cannot be used, and why.
    void refuse(std::string_view key, const std::string& why);

    const std::optional<protocol::Problem>& problem() const { return m_problem; }

private:
    JsonObject(std::filesystem::path file, nlohmann::json object);

    const nlohmann::json* at(std::string_view key) const;
    void requireJson(std::string_view key, const nlohmann::json& only);
    void wrongType(std::string_view key, const char* expected);

    std::filesystem::path m_file;
    std::unique_ptr<nlohmann::json> m_json;
    std::optional<protocol::Problem> m_problem;
};

}  // namespace easel::models
