// SPDX-License-Identifier: Apache-2.0
#include "server/http/origin.h"

#include <algorithm>
#include <optional>

#include "server/http/headers.h"

namespace easel::http {

namespace {

bool isHostCharacter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

/// The name without its port; nothing when it is not well-formed.
std::optional<std::string_view> nameOf(std::string_view host) {
    const std::size_t bracket = host.find(']');
    const bool isV6 = host.starts_with('[') && bracket != std::string_view::npos;
    const std::size_t end = isV6 ? bracket + 1 : std::min(host.find(':'), host.size());
    const std::string_view name = host.substr(0, end);
    const std::string_view inner = isV6 ? name.substr(1, name.size() - 2) : name;
    const std::string_view port = host.substr(end);
    const bool isGoodName = !inner.empty() && std::ranges::all_of(inner, [&](char c) {
        return isHostCharacter(c) || (isV6 && c == ':');
    });
    const bool isGoodPort = port.empty() || (port.starts_with(':') && port.size() <= 6 &&
                                             port.find_first_not_of("0123456789", 1) == port.npos);
    if (!isGoodName || !isGoodPort) {
        return {};
    }
    return name;
}

std::string_view withoutDefaultPort(std::string_view host, std::string_view scheme) {
    const std::string_view port = scheme == "https" ? ":443" : ":80";
    return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
}

}  // namespace

bool isAllowedHost(std::string_view host, const HostRule& rule) {
    const auto name = nameOf(host);
    if (!name) {
        return false;
    }
    const auto isName = [&](std::string_view allowed) { return equalsIgnoringCase(*name, allowed); };
    return rule.any || isName("localhost") || isName("127.0.0.1") || isName("[::1]") ||
           std::ranges::any_of(rule.names, isName);
}

std::string hostName(std::string_view host) {
    return std::string(nameOf(host).value_or(""));
}

std::string_view withoutBrackets(std::string_view host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool isSameOrigin(std::string_view origin, std::string_view host, std::string_view scheme) {
    if (!startsWithIgnoringCase(origin, scheme) || origin.substr(scheme.size(), 3) != "://" || host.empty()) {
        return false;
    }
    origin.remove_prefix(scheme.size() + 3);
    return equalsIgnoringCase(withoutDefaultPort(origin, scheme), withoutDefaultPort(host, scheme));
}

}  // namespace easel::http
