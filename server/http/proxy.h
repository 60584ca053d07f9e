// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "server/http/headers.h"

/// A listener behind other people's servers: under which address it is known, and whom it believes.
namespace easel::http {

/// An address that people know: "https://pictures.example.org/easel".
struct PublicUrl {
    std::string scheme;     ///< "http", "https"; empty: there is none
    std::string authority;  ///< "pictures.example.org", with a port where it is not the scheme's own
    std::string path;       ///< "/easel", or empty; what a client asks for stands below it

    /// As an Origin field has it.
    std::string origin() const { return scheme + "://" + authority; }
};

/// Errors are sentences that begin with what is wrong.
tl::expected<PublicUrl, std::string> parsePublicUrl(std::string_view text);

/// Who made a request, as far as those who passed it on are believed.
struct Forwarded {
    std::string client;     ///< an IP address
    std::string host = {};  ///< that the client asked for; empty: nobody says
    bool isSecure = false;  ///< it came over TLS to the first of them
};

/// The proxies whose word counts. Read by any thread.
class TrustedProxies {
public:
    /// IP addresses and networks: "127.0.0.1", "10.0.0.0/8", "fd00::/8". Errors are sentences.
    static tl::expected<TrustedProxies, std::string> parse(const std::vector<std::string>& networks);

    /// What X-Forwarded-For, -Host and -Proto say of a request that came from `remote`: the last of the
    /// addresses in it that is none of a trusted proxy's is the client. A stranger is not believed.
    Forwarded look(const std::string& remote, const Headers& headers) const;

private:
    /// IPv4 stands in IPv6 as ::ffff:a.b.c.d.
    using Bytes = std::array<std::uint8_t, 16>;
    struct Network {
        Bytes address{};
        int bits = 128;  ///< that count
    };

    static std::optional<Bytes> bytesOf(std::string_view address);
    bool trusts(const Bytes& address) const;

    std::vector<Network> m_networks;
};

}  // namespace easel::http
