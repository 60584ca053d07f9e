// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/safetensors_header.h"

#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace easel::models {

namespace {

constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxRank = 16;

constexpr std::array<std::pair<std::string_view, DType>, 22> kDTypes{{
    {"BOOL", DType::Bool},
    {"F4", DType::F4},
    {"F6_E2M3", DType::F6E2M3},
    {"F6_E3M2", DType::F6E3M2},
    {"U8", DType::U8},
    {"I8", DType::I8},
    {"F8_E5M2", DType::F8E5M2},
    {"F8_E4M3", DType::F8E4M3},
    {"F8_E8M0", DType::F8E8M0},
    {"F8_E4M3FNUZ", DType::F8E4M3Fnuz},
    {"F8_E5M2FNUZ", DType::F8E5M2Fnuz},
    {"I16", DType::I16},
    {"U16", DType::U16},
    {"F16", DType::F16},
    {"BF16", DType::BF16},
    {"I32", DType::I32},
    {"U32", DType::U32},
    {"F32", DType::F32},
    {"C64", DType::C64},
    {"F64", DType::F64},
    {"I64", DType::I64},
    {"U64", DType::U64},
}};

/// Follows the parser through {"name": {"dtype": "", "shape": [], "data_offsets": []}, …} without building
/// the document: a header may have 100 MB, and a duplicate key is only seen here.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
public:
    SafetensorsHeader header;
    std::string problem;

    bool start_object(std::size_t) override {
        switch (m_place) {
            case Place::Outside:
                m_place = Place::Header;
                return true;
            case Place::Header:
                m_place = m_name == "__metadata__" ? Place::Metadata : Place::Entry;
                m_keys.clear();
                m_dtype.reset();
                m_shape.reset();
                m_offsets.reset();
                return true;
            default:
                return fail(fmt::format("\"{}\" holds an object where none belongs", m_name));
        }
    }

    bool key(std::string& text) override {
        if (m_place == Place::Header) {
            m_name = text;
            if (text.size() > kMaxNameBytes || text.find('\0') != std::string::npos) {
                return fail(
                    fmt::format("a tensor's name is longer than {} bytes or holds a NUL", kMaxNameBytes));
            }
            return m_names.insert(text).second || fail(fmt::format("\"{}\" is there twice", m_name));
        }
        m_key = text;
        return m_keys.insert(text).second || fail(fmt::format("\"{}\" has \"{}\" twice", m_name, text));
    }

    bool string(std::string& text) override {
        if (m_place == Place::Metadata) {
            header.metadata.emplace(m_key, std::move(text));
            return true;
        }
        if (m_place == Place::Entry && m_key == "dtype") {
            for (const auto& [name, dtype] : kDTypes) {
                if (name == text) {
                    m_dtype = dtype;
                    return true;
                }
            }
            return fail(fmt::format("\"{}\" has the unknown dtype \"{}\"", m_name, text.substr(0, 32)));
        }
        return misplaced("a string");
    }

    bool start_array(std::size_t) override {
        if (m_place != Place::Entry || (m_key != "shape" && m_key != "data_offsets")) {
            return misplaced("a list");
        }
        m_place = Place::Numbers;
        (m_key == "shape" ? m_shape : m_offsets).emplace();
        return true;
    }

    bool number_unsigned(number_unsigned_t value) override {
        if (m_place != Place::Numbers) {
            return misplaced("a number");
        }
        auto& numbers = m_key == "shape" ? *m_shape : *m_offsets;
        numbers.push_back(value);
        return numbers.size() <= kMaxRank ||
               fail(fmt::format("\"{}\" has more than {} numbers in its {}", m_name, kMaxRank, m_key));
    }

    bool end_array() override {
        m_place = Place::Entry;
        return true;
    }

    bool end_object() override {
        if (m_place == Place::Entry) {
            if (!m_dtype || !m_shape || !m_offsets) {
                return fail(fmt::format("\"{}\" lacks its {}", m_name,
                                        !m_dtype ? "dtype" : (!m_shape ? "shape" : "data_offsets")));
            }
            if (m_offsets->size() != 2) {
                return fail(
                    fmt::format("\"{}\" has {} data_offsets instead of two", m_name, m_offsets->size()));
            }
            header.entries.push_back(
                {m_name, *m_dtype, std::move(*m_shape), (*m_offsets)[0], (*m_offsets)[1]});
        }
        m_place = m_place == Place::Header ? Place::Outside : Place::Header;
        return true;
    }

    /// Some writers have it so when there is nothing to tell.
    bool null() override {
        return (m_place == Place::Header && m_name == "__metadata__") || misplaced("null");
    }
    bool boolean(bool) override { return misplaced("a truth value"); }
    bool number_integer(number_integer_t) override { return misplaced("a negative number"); }
    bool number_float(number_float_t, const string_t&) override { return misplaced("a fraction"); }
    bool binary(binary_t&) override { return misplaced("binary data"); }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail(fmt::format("the header is not JSON in UTF-8: it goes wrong at its byte {}", position));
    }

private:
    enum class Place { Outside, Header, Metadata, Entry, Numbers };

    bool fail(std::string sentence) {
        problem = std::move(sentence);
        return false;
    }

    bool misplaced(const std::string& value) {
        if (m_place == Place::Outside) {
            return fail("the header is not a JSON object");
        }
        return fail(
            fmt::format("\"{}\" has {} where it does not belong{}", m_name, value,
                        m_place == Place::Header ? "" : fmt::format(" (\"{}\")", m_key.substr(0, 32))));
    }

    Place m_place = Place::Outside;
    std::string m_name;
    std::string m_key;
    std::unordered_set<std::string> m_names;
    std::unordered_set<std::string> m_keys;  // of the entry at hand
    std::optional<DType> m_dtype;
    std::optional<std::vector<std::uint64_t>> m_shape;
    std::optional<std::vector<std::uint64_t>> m_offsets;
};

}  // namespace

std::string_view toString(DType dtype) {
    for (const auto& [name, value] : kDTypes) {
        if (value == dtype) {
            return name;
        }
    }
    return "?";
}

tl::expected<SafetensorsHeader, std::string> parseSafetensorsHeader(std::string_view json) {
    HeaderReader reader;
    if (!nlohmann::json::sax_parse(json, &reader)) {
        return tl::unexpected(std::move(reader.problem));
    }
    return std::move(reader.header);
}

}  // namespace easel::models
