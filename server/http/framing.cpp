// SPDX-License-Identifier: Apache-2.0
#include "server/http/framing.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/core.h>

#include "server/http/headers.h"

namespace easel::http {

namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxLengthDigits = 18;  // fits 64 bits whatever the digits

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool isTokenCharacter(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool isToken(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, isTokenCharacter);
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Refusal bad(std::string detail) {
    return {400, std::move(detail)};
}

std::optional<Refusal> checkRequestLine(std::string_view line, bool& isHttp10) {
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || second == first + 1 || !isToken(line.substr(0, first))) {
        return bad("The first line is not a method, an address and a version.");
    }
    const std::string_view version = line.substr(second + 1);
    if (version.size() != 8 || !version.starts_with("HTTP/") || !isDigit(version[5]) || version[6] != '.' ||
        !isDigit(version[7])) {
        return bad("The first line does not end with a version of HTTP.");
    }
    isHttp10 = version == "HTTP/1.0";
    if (!isHttp10 && version != "HTTP/1.1") {
        return Refusal{505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
    }
    return {};
}

/// The fields that may stand only once, because each of them decides something.
struct Decisive {
    std::vector<std::string_view> lengths;
    std::vector<std::string_view> encodings;
    std::size_t hosts = 0;

    void note(std::string_view name, std::string_view value) {
        if (equalsIgnoringCase(name, "Content-Length")) {
            lengths.push_back(value);
        } else if (equalsIgnoringCase(name, "Transfer-Encoding")) {
            encodings.push_back(value);
        } else if (equalsIgnoringCase(name, "Host")) {
            ++hosts;
        }
    }
};

std::optional<Refusal> checkDecisive(const Decisive& fields, bool isHttp10) {
    if (fields.hosts > 1 || (fields.hosts == 0 && !isHttp10)) {
        return bad("A request names its host exactly once.");
    }
    if (fields.lengths.size() + fields.encodings.size() > 1) {
        return bad("A request says how long its body is at most once.");
    }
    if (!fields.encodings.empty() && (isHttp10 || !equalsIgnoringCase(fields.encodings[0], "chunked"))) {
        return bad("The only transfer encoding is chunked, over HTTP/1.1.");
    }
    for (const std::string_view length : fields.lengths) {
        if (length.empty() || length.size() > kMaxLengthDigits || !std::ranges::all_of(length, isDigit)) {
            return bad("Content-Length is not a number of bytes.");
        }
    }
    return {};
}

}  // namespace

tl::expected<std::optional<std::size_t>, Refusal> findHeadEnd(std::string_view bytes, std::size_t seen) {
    // The last three bytes of last time may be the beginning of the empty line.
    for (std::size_t i = seen < 3 ? 0 : seen - 3; i < bytes.size(); ++i) {
        const auto c = static_cast<std::uint8_t>(bytes[i]);
        if (c == '\n') {
            if (i == 0 || bytes[i - 1] != '\r') {
                return tl::unexpected(bad("A line does not end with CR LF."));
            }
            if (i >= 3 && bytes.substr(i - 3, 4) == "\r\n\r\n") {
                return i + 1;
            }
        } else if ((i > 0 && bytes[i - 1] == '\r') || (c < 0x20 && c != '\r' && c != '\t') || c == 0x7f) {
            return tl::unexpected(bad("The head holds a control character."));
        }
    }
    return std::nullopt;
}

std::optional<Refusal> checkHead(std::string_view head) {
    const auto nextLine = [&head] {
        const std::size_t end = std::min(head.find("\r\n"), head.size());
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        return line;
    };

    bool isHttp10 = false;
    if (auto refusal = checkRequestLine(nextLine(), isHttp10)) {
        return refusal;
    }
    Decisive decisive;
    std::size_t count = 0;
    for (std::string_view line = nextLine(); !line.empty(); line = nextLine()) {
        if (++count > kMaxFields) {
            return Refusal{431, fmt::format("The head holds more than {} fields.", kMaxFields)};
        }
        const std::size_t colon = line.find(':');
        // A line that begins with a blank continues the one before (obs-fold); its name is no token.
        if (colon == std::string_view::npos || !isToken(line.substr(0, colon))) {
            return bad("A line of the head is not a name, a colon and a value.");
        }
        decisive.note(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    return checkDecisive(decisive, isHttp10);
}

}  // namespace easel::http
