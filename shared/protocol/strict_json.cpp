// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/strict_json.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace easel::protocol {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 16;  // A page of jobs nests five deep.
// Each takes dozens of bytes of memory, and three of text: a long text may be a picture, and is one of them.
constexpr std::size_t kMaxValues = 1'000'000;

/// Builds the value as the parser goes, and stops the parser at what is refused.
class StrictBuilder final : public nlohmann::json_sax<json> {
public:
    json root;
    std::string refusal;

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& value) override { return add(std::move(value)); }

    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        const auto [member, isNew] = m_open.back()->get_ref<json::object_t&>().emplace(name, nullptr);
        m_next = &member->second;
        return isNew || refuse(fmt::format("The JSON has the key \"{}\" twice.", name));
    }

    bool parse_error(std::size_t byte, const std::string&, const json::exception& error) override {
        return dynamic_cast<const json::out_of_range*>(&error)
                   ? refuse("The JSON has a number that is too large to be read.")
                   : refuse(fmt::format("This is not valid JSON: it goes wrong at byte {}.", byte));
    }

private:
    bool refuse(std::string why) {
        refusal = std::move(why);
        return false;
    }

    /// Puts `value` where the parser is.
    bool add(json value) {
        if (++m_values > kMaxValues) {
            return refuse(fmt::format("The JSON has more than {} values.", kMaxValues));
        }
        if (!m_open.empty() && m_open.back()->is_array()) {
            m_next = &m_open.back()->emplace_back();
        }
        *m_next = std::move(value);
        return true;
    }

    bool open(json empty) {
        if (m_open.size() == kMaxDepth) {
            return refuse(fmt::format("The JSON is nested more than {} deep.", kMaxDepth));
        }
        if (!add(std::move(empty))) {
            return false;
        }
        m_open.push_back(m_next);
        return true;
    }

    bool close() {
        m_open.pop_back();
        return true;
    }

    std::size_t m_values = 0;
    std::vector<json*> m_open;  ///< objects and lists, from the outermost on
    json* m_next = &root;       ///< what the next value is assigned to; a list makes room for its own
};

}  // namespace

Expected<nlohmann::json> parseStrict(std::string_view text) {
    StrictBuilder builder;
    if (!json::sax_parse(text, &builder)) {
        return tl::unexpected(malformed(std::move(builder.refusal)));
    }
    return std::move(builder.root);
}

}  // namespace easel::protocol
