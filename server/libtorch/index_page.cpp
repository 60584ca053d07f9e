// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/index_page.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "server/hub/address.h"
#include "server/hub/problems.h"

namespace easel::libtorch {

namespace {

using Json = nlohmann::json;
using protocol::Expected;

constexpr std::string_view kBlanks = " \t\r\n\f";
constexpr std::size_t kHashDigits = 64;

std::string lowered(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower;
}

bool isSha256(std::string_view text) {
    return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void add(std::vector<IndexFile>& files, const std::string& page, const std::string& url, std::string sha256,
         std::optional<std::int64_t> size) {
    const auto address = hub::resolveAddress(page, url);
    if (!url.empty() && address && isSha256(sha256)) {
        files.push_back({address->url, std::move(sha256), size});
    }
}

std::string textIn(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Expected<std::vector<IndexFile>> parseJson(const std::string& body, const std::string& address) {
    const Json page = Json::parse(body, nullptr, false);
    if (!page.is_object() || !page.contains("files") || !page["files"].is_array()) {
        return tl::unexpected(
            hub::untrue("The index's page is no list of files: it does not speak as a package "
                        "index does."));
    }
    std::vector<IndexFile> files;
    for (const Json& file : page["files"]) {
        if (!file.is_object() || !file.contains("hashes") || !file["hashes"].is_object()) {
            continue;
        }
        std::optional<std::int64_t> size;
        if (const auto told = file.find("size"); told != file.end() && told->is_number_unsigned()) {
            size = told->get<std::int64_t>();
        }
        add(files, address, textIn(file, "url"), lowered(textIn(file["hashes"], "sha256")), size);
    }
    return files;
}

/// One character reference, "amp" or "#x26" of "&amp;" or "&#x26;"; nothing for what addresses do not need.
std::optional<char> characterOf(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
    for (const auto& [known, character] : kNamed) {
        if (name == known) {
            return character;
        }
    }
    if (!name.starts_with('#')) {
        return std::nullopt;
    }
    name.remove_prefix(1);
    const bool isHex = name.starts_with('x') || name.starts_with('X');
    name.remove_prefix(isHex ? 1 : 0);
    int code = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, isHex ? 16 : 10);
    const bool isGood =
        error == std::errc() && end == name.data() + name.size() && code > 0x20 && code < 0x7F;
    return isGood ? std::optional(static_cast<char>(code)) : std::nullopt;
}

std::string unescaped(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const std::size_t end = text.find(';');
        const auto character = text.front() == '&' && end != std::string_view::npos
                                   ? characterOf(text.substr(1, end - 1))
                                   : std::nullopt;
        plain += character.value_or(text.front());
        text.remove_prefix(character ? end + 1 : 1);
    }
    return plain;
}

std::string_view trimmedLeft(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

/// Takes an attribute's value off the front of a tag's rest: quoted, or up to the next blank.
std::string_view takeValue(std::string_view& rest) {
    const bool isQuoted = rest.starts_with('"') || rest.starts_with('\'');
    const std::size_t begin = isQuoted ? 1 : 0;
    const std::size_t end =
        isQuoted ? rest.find(rest.front(), 1) : rest.find_first_of(std::string(kBlanks) + ">");
    const std::string_view value = rest.substr(begin, std::min(end, rest.size()) - begin);
    rest.remove_prefix(std::min(end, rest.size()));
    if (isQuoted && !rest.empty()) {
        rest.remove_prefix(1);
    }
    return value;
}

/// The href of a tag whose name is read already; takes the tag off the front of `rest`.
std::string takeHref(std::string_view& rest) {
    std::string href;
    while (true) {
        rest = trimmedLeft(rest);
        if (rest.empty() || rest.front() == '>') {
            return href;
        }
        const std::size_t end = std::min(rest.find_first_of(std::string(kBlanks) + "=>", 1), rest.size());
        const std::string name = lowered(rest.substr(0, end));
        rest = trimmedLeft(rest.substr(end));
        if (rest.starts_with('=')) {
            rest = trimmedLeft(rest.substr(1));
            const std::string_view value = takeValue(rest);
            href = name == "href" ? unescaped(value) : href;
        }
    }
}

std::vector<IndexFile> parseHtml(std::string_view body, const std::string& address) {
    constexpr std::string_view kHash = "sha256=";
    std::vector<IndexFile> files;
    for (std::size_t tag = body.find('<'); tag != std::string_view::npos; tag = body.find('<')) {
        body.remove_prefix(tag + 1);
        const bool isLink = body.size() > 1 && std::tolower(static_cast<unsigned char>(body[0])) == 'a' &&
                            kBlanks.find(body[1]) != std::string_view::npos;
        if (!isLink) {
            continue;
        }
        body.remove_prefix(1);
        const std::string href = takeHref(body);
        const std::size_t fragment = href.find('#');
        if (fragment != std::string::npos && href.substr(fragment + 1).starts_with(kHash)) {
            const std::string hash = href.substr(fragment + 1 + kHash.size());
            add(files, address, href.substr(0, fragment), lowered(hash.substr(0, hash.find('&'))), {});
        }
    }
    return files;
}

}  // namespace

Expected<std::vector<IndexFile>> parseIndexPage(const std::string& contentType, const std::string& body,
                                                const std::string& address) {
    const bool isJson = lowered(contentType).find("json") != std::string::npos;
    return isJson ? parseJson(body, address) : parseHtml(body, address);
}

}  // namespace easel::libtorch
