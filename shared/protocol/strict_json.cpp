// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace easel::protocol {

namespace {

constexpr int kMaxDepth = 16;  // A page of jobs nests five deep.

}  // namespace

Expected<nlohmann::json> parseStrict(std::string_view text) {
    using nlohmann::json;
    std::vector<std::set<std::string>> keys;  // of each open object
    std::string refusal;
    // A callback cannot stop the parser, so the depth is checked before it starts.
    int depth = 0;
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                inString = false;
            }
        } else if (c == '"') {
            inString = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxDepth) {
                return tl::unexpected(
                    malformed("The JSON is nested more than " + std::to_string(kMaxDepth) + " deep."));
            }
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    const auto watch = [&](int, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start) {
            keys.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
            keys.pop_back();
        } else if (event == json::parse_event_t::key) {
            const auto& name = value.get_ref<const std::string&>();
            if (!keys.back().insert(name).second && refusal.empty()) {
                refusal = "The JSON has the key \"" + name + "\" twice.";
            }
        }
        return true;
    };
    try {
        json parsed = json::parse(text, watch);
        if (!refusal.empty()) {
            return tl::unexpected(malformed(std::move(refusal)));
        }
        return parsed;
    } catch (const json::parse_error& error) {
        return tl::unexpected(
            malformed("This is not valid JSON: it goes wrong at byte " + std::to_string(error.byte) + "."));
    } catch (const json::out_of_range&) {
        return tl::unexpected(malformed("The JSON has a number that is too large to be read."));
    }
}

}  // namespace easel::protocol
