// SPDX-License-Identifier: Apache-2.0
#include "server/hub/address.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace easel::hub {

namespace {

using Url = std::unique_ptr<CURLU, void (*)(CURLU*)>;

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::unique_ptr<char, void (*)(void*)> kept(text, curl_free);
    return text;
}

std::optional<Address> read(const Url& url) {
    const std::string scheme = part(url, CURLUPART_SCHEME);
    if (scheme != "https" && scheme != "http") {
        return std::nullopt;
    }
    Address address;
    address.url = part(url, CURLUPART_URL);
    address.host = part(url, CURLUPART_HOST);
    std::ranges::transform(address.host, address.host.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    address.origin = scheme + "://" + address.host + ":" + part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    address.isEncrypted = scheme == "https";
    address.isThisMachine =
        address.host == "localhost" || address.host.starts_with("127.") || address.host == "[::1]";
    address.hasUser = !part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty();
    return address.host.empty() ? std::nullopt : std::optional(std::move(address));
}

bool isOrIsBelow(std::string_view host, std::string_view domain) {
    return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                              host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

std::optional<Address> parseAddress(const std::string& url) {
    return resolveAddress(url, {});
}

std::optional<Address> resolveAddress(const std::string& base, const std::string& location) {
    const Url url(curl_url(), curl_url_cleanup);
    if (!url || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) {
        return std::nullopt;
    }
    if (!location.empty() && curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
        return std::nullopt;
    }
    return read(url);
}

std::string takeUser(std::string& url) {
    const Url parts(curl_url(), curl_url_cleanup);
    if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        return {};
    }
    const std::string user = part(parts, CURLUPART_USER, CURLU_URLDECODE);
    const std::string password = part(parts, CURLUPART_PASSWORD, CURLU_URLDECODE);
    if (user.empty() && password.empty()) {
        return {};
    }
    curl_url_set(parts.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(parts.get(), CURLUPART_PASSWORD, nullptr, 0);
    url = part(parts, CURLUPART_URL);
    return user + ":" + password;
}

std::string escaped(std::string_view text, bool withSlashes) {
    std::string all;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~' ||
            (withSlashes && c == '/')) {
            all += c;
        } else {
            all += '%';
            all += "0123456789ABCDEF"[byte >> 4U];
            all += "0123456789ABCDEF"[byte & 0xFU];
        }
    }
    return all;
}

bool mayBeStorage(const Address& endpoint, const Address& storage) {
    if (storage.hasUser || (endpoint.isEncrypted && !storage.isEncrypted)) {
        return false;
    }
    return endpoint.host != "huggingface.co" || isOrIsBelow(storage.host, "huggingface.co") ||
           isOrIsBelow(storage.host, "hf.co");
}

}  // namespace easel::hub
