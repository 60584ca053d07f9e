// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/gcp_place.h"

#include <algorithm>
#include <utility>

namespace easel::protocol {

namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kShortestProject = 6;
constexpr std::size_t kLongestProject = 30;
constexpr std::size_t kLongestDomain = 253;

bool isLetter(char c) {
    return c >= 'a' && c <= 'z';
}

bool isLetterOrDigit(char c) {
    return isLetter(c) || (c >= '0' && c <= '9');
}

/// Small letters, digits and what is in `between`, beginning with a letter and not ending with a separator.
bool isWord(std::string_view text, std::string_view between) {
    return !text.empty() && isLetter(text.front()) && isLetterOrDigit(text.back()) &&
           std::ranges::all_of(
               text, [&](char c) { return isLetterOrDigit(c) || between.find(c) != std::string_view::npos; });
}

tl::unexpected<Problem> refuse(std::string detail) {
    return tl::unexpected(invalidField("gcp", std::move(detail)));
}

}  // namespace

bool isGcpProject(std::string_view text) {
    if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        const std::string_view domain = text.substr(0, colon);
        if (domain.size() > kLongestDomain || !isWord(domain, ".-") ||
            domain.find('.') == std::string_view::npos) {
            return false;
        }
        text.remove_prefix(colon + 1);
    }
    return text.size() >= kShortestProject && text.size() <= kLongestProject && isWord(text, "-");
}

bool isGcpZone(std::string_view text) {
    return text.size() <= kLongestName && isWord(text, "-") && text.find('-') != std::string_view::npos;
}

bool isGcpName(std::string_view text) {
    return text.size() <= kLongestName && isWord(text, "-");
}

Expected<GcpPlace> parseGcpPlace(std::string_view text) {
    const std::size_t first = text.find('/');
    const std::size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos) {
        return refuse("Say where the machine is as PROJECT/ZONE/NAME, like my-project/us-central1-a/easel.");
    }
    GcpPlace place{std::string(text.substr(0, first)),
                   std::string(text.substr(first + 1, second - first - 1)),
                   std::string(text.substr(second + 1))};
    if (!isGcpProject(place.project)) {
        return refuse(
            "The project is none of Google Cloud's: an id has 6 to 30 small letters, digits and hyphens, "
            "perhaps with a domain and a colon before them.");
    }
    if (!isGcpZone(place.zone)) {
        return refuse("The zone is none of Google Cloud's: one is called like us-central1-a.");
    }
    if (!isGcpName(place.name)) {
        return refuse(
            "The machine's name is none of Google Cloud's: one has at most 63 small letters, digits and "
            "hyphens.");
    }
    return place;
}

std::string toString(const GcpPlace& place) {
    return place.project + '/' + place.zone + '/' + place.name;
}

}  // namespace easel::protocol
