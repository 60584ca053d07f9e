// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "server/http/options.h"
#include "server/http/router.h"

namespace easel::http {

/// Takes connections and serves a router's routes on threads of its own, until it is stopped or goes.
class Listener {
public:
    /// Binds and starts. Failure: a sentence, such as that the port is taken or the certificate is not there.
    static tl::expected<std::unique_ptr<Listener>, std::string> start(ListenerOptions options, Router router);
    ~Listener();

    /// The port that it is bound to.
    std::uint16_t port() const;
    /// Whether its threads do something within `patience`. From any thread but those.
    bool isAlive(std::chrono::milliseconds patience);
    /// Stops taking connections, ends event streams and idle connections, gives requests in flight
    /// `grace` to be answered, then closes what is left. Returns when its threads have ended.
    void stop(std::chrono::milliseconds grace = std::chrono::milliseconds{0});

private:
    class Impl;
    explicit Listener(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> m_impl;
};

}  // namespace easel::http
