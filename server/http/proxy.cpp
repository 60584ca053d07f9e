// SPDX-License-Identifier: Apache-2.0
#include "server/http/proxy.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "server/http/origin.h"
#include "server/http/target.h"

namespace easel::http {

namespace {

namespace ip = boost::asio::ip;

constexpr int kBits = 128;
constexpr int kBitsBeforeV4 = 96;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    const auto end = text.find_last_not_of(" \t");
    return begin == text.npos ? std::string_view() : text.substr(begin, end - begin + 1);
}

/// The last element of a list, which is taken off it.
std::string_view takeLast(std::string_view& list) {
    const auto comma = list.rfind(',');
    const auto last = trimmed(comma == list.npos ? list : list.substr(comma + 1));
    list = comma == list.npos ? std::string_view() : list.substr(0, comma);
    return last;
}

/// The last word of `name`, which is that of the proxy next to us.
std::string lastOf(const Headers& headers, std::string_view name) {
    const std::string all = headers.list(name).value_or("");
    std::string_view list = all;
    return std::string(takeLast(list));
}

/// An address as proxies write it: IPv6 in brackets or bare, and maybe a port.
std::string_view withoutPort(std::string_view text) {
    if (text.starts_with('[')) {
        return text.substr(1, std::min(text.find(']'), text.size()) - 1);
    }
    return std::ranges::count(text, ':') == 1 ? text.substr(0, text.find(':')) : text;
}

}  // namespace

tl::expected<PublicUrl, std::string> parsePublicUrl(std::string_view text) {
    const auto wrong = [](const char* why) { return tl::unexpected(std::string(why)); };
    PublicUrl url;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (startsWithIgnoringCase(text, scheme)) {
            url.scheme = scheme.substr(0, scheme.find(':'));
            text.remove_prefix(scheme.size());
            break;
        }
    }
    if (url.scheme.empty()) {
        return wrong("It must begin with https:// or http://.");
    }
    const auto slash = std::min(text.find('/'), text.size());
    url.authority = text.substr(0, slash);
    if (!isAllowedHost(url.authority, {.any = true, .names = {}})) {
        return wrong("Its name must be one of a host, with or without a port.");
    }
    std::string_view path = text.substr(slash);
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    if (!path.empty()) {
        const auto target = parseTarget(path);
        if (!target || target->path != path || path.find_first_of("?#") != path.npos) {
            return wrong("Its path must be a plain one, like /easel.");
        }
    }
    url.path = path;
    return url;
}

std::optional<TrustedProxies::Bytes> TrustedProxies::bytesOf(std::string_view text) {
    boost::system::error_code error;
    const auto address = ip::make_address(text, error);
    if (error) {
        return {};
    }
    const auto v6 = address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
    return v6.to_bytes();
}

tl::expected<TrustedProxies, std::string> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies proxies;
    for (const std::string& text : networks) {
        const auto slash = std::min(text.find('/'), text.size());
        const std::string address = text.substr(0, slash);
        const auto bytes = bytesOf(address);
        const bool isV4 = address.find(':') == std::string::npos;
        int bits = isV4 ? kBits - kBitsBeforeV4 : kBits;
        const int most = bits;
        if (slash < text.size()) {
            const char* const last = text.data() + text.size();
            const auto [end, error] = std::from_chars(text.data() + slash + 1, last, bits);
            bits = error == std::errc() && end == last ? bits : -1;
        }
        if (!bytes || bits < 0 || bits > most) {
            return tl::unexpected("\"" + text + "\" is neither an IP address nor a network like 10.0.0.0/8.");
        }
        proxies.m_networks.push_back({*bytes, isV4 ? kBitsBeforeV4 + bits : bits});
    }
    return proxies;
}

bool TrustedProxies::trusts(const Bytes& address) const {
    return std::ranges::any_of(m_networks, [&](const Network& network) {
        for (int bit = 0; bit < network.bits; ++bit) {
            const auto byte = static_cast<std::size_t>(bit / 8);
            const int mask = 0x80 >> (bit % 8);
            if (((address[byte] ^ network.address[byte]) & mask) != 0) {
                return false;
            }
        }
        return true;
    });
}

Forwarded TrustedProxies::look(const std::string& remote, const Headers& headers) const {
    Forwarded found{.client = remote};
    const auto sender = bytesOf(remote);
    if (m_networks.empty() || !sender || !trusts(*sender)) {
        return found;
    }
    const std::string all = headers.list("X-Forwarded-For").value_or("");
    for (std::string_view list = all; !list.empty();) {
        const std::string_view text = withoutPort(takeLast(list));
        const auto address = bytesOf(text);
        if (!address) {
            break;
        }
        found.client = text;
        if (!trusts(*address)) {
            break;
        }
    }
    found.host = lastOf(headers, "X-Forwarded-Host");
    found.isSecure = equalsIgnoringCase(lastOf(headers, "X-Forwarded-Proto"), "https");
    return found;
}

}  // namespace easel::http
