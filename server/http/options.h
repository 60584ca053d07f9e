// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "server/http/proxy.h"
#include "server/tls/certificate.h"

namespace easel::http {

/// One answered request, for a log. No query: it may hold what a person wrote.
struct Access {
    std::string id;      ///< the request's; empty when there was none, as when TLS failed
    std::string remote;  ///< address of the client, as a trusted proxy tells it
    std::string method;
    std::string path;
    std::string route;  ///< the pattern that the path fits, "/v1/jobs/{id}"; empty: none
    int status = 0;     ///< 0: the client went before it was answered, or TLS failed: then it has no method
    std::chrono::milliseconds took{};
    std::string failure;  ///< what an exception of the handler said, or TLS; never sent to the client
};

struct ListenerOptions {
    std::string address = "127.0.0.1";  ///< an IP address or "localhost"
    std::uint16_t port = 0;             ///< 0: any free one
    int threads = 2;
    tls::Files
        certificate;  ///< with both files TLS is spoken, and loaded again when they change; empty: plain
    /// Names, besides the loopback ones, that a Host header may hold. Bound to a loopback address nothing
    /// else is answered, so that a web page cannot reach the server by a name of its own (DNS rebinding);
    /// bound to another address and empty, every name is.
    std::vector<std::string> allowedHosts;

    /// Where people reach the server when that is another address: its name is answered to, its pages are our
    /// own, and a path that begins with its path is taken as one below it.
    PublicUrl publicUrl;
    TrustedProxies trustedProxies;

    std::size_t maxHeaderBytes = 16UL * 1024;
    std::size_t maxConnections = 256;                 ///< when all are taken, the longest idle goes
    std::size_t maxUnsentEventBytes = 256UL * 1024;   ///< a client further behind is disconnected
    std::chrono::milliseconds idleTimeout{75'000};    ///< between two requests
    std::chrono::milliseconds headerTimeout{10'000};  ///< from a request's first byte to the end of its head;
                                                      ///< before the first, for TLS to be agreed on
    std::chrono::milliseconds bodyTimeout{30'000};    ///< for each MiB of a body
    std::chrono::milliseconds writeTimeout{30'000};   ///< for a client to take 64 KiB
    std::chrono::milliseconds heartbeat{15'000};      ///< a comment on a stream without events
    std::chrono::milliseconds certificateLooks{2000};  ///< how often its files are looked at

    std::function<void(const Access&)> onAccess;  ///< called from the I/O threads
    /// Which certificate is in use: called by start(), and from an I/O thread when the files have changed,
    /// then perhaps with a sentence why the old one stays in use.
    std::function<void(const tl::expected<tls::Certificate, std::string>&)> onCertificate;
};

/// Whether `options` ask for TLS.
bool isEncrypted(const ListenerOptions& options);

/// Whether only the machine itself reaches a listener at `address`, an IP address or "localhost".
bool isLoopback(std::string_view address);

}  // namespace easel::http
