// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Defence against web pages that reach for a server on the same machine or network.
namespace easel::http {

/// Which names a request may call the server by.
struct HostRule {
    bool any = false;                ///< every well-formed name
    std::vector<std::string> names;  ///< besides localhost, 127.0.0.1 and [::1]
};

/// Whether `host`, a name with or without a port, is well-formed and one that `rule` allows. The port is
/// not looked at: a tunnel changes it.
bool isAllowedHost(std::string_view host, const HostRule& rule);

/// `host` without its port; empty when it is not well-formed.
std::string hostName(std::string_view host);

/// `host` without the brackets that an IPv6 address has in a URL.
std::string_view withoutBrackets(std::string_view host);

/// Whether a page from `origin` ("http://host:port") is one of our own, served as `host` over `scheme`.
bool isSameOrigin(std::string_view origin, std::string_view host, std::string_view scheme);

}  // namespace easel::http
