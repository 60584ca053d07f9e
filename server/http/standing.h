// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Who goes when a connection comes and all places are taken, so that no client can hold them all.
namespace easel::http {

enum class Stage {
    Idle,       ///< no whole request has come; nothing is lost with it but time
    Answering,  ///< a request is being answered
    Streaming,  ///< events are being sent; a follower comes back and takes up where it was
};

/// How one connection stands.
struct Standing {
    std::string client;
    Stage stage = Stage::Idle;
    std::chrono::steady_clock::time_point since;  ///< when this stage began
};

/// Whom an address belongs to: itself, or for IPv6 its /64, which one subscriber has whole. Text that is no
/// address is taken as it is.
std::string peerOf(std::string_view address);
/// The same, but all loopback addresses are one client.
std::string clientOf(std::string_view address);

struct Admission {
    bool isAdmitted = false;
    std::optional<std::size_t> leaves;  ///< which of the connections must go for it
};

/// Whether one more connection of `client` is served beside `others`. Whoever has most connections makes
/// room: its longest idle goes first, else its oldest stream, else whatever is idle. Nobody but the machine
/// itself, where every client has the same address, may have more than three quarters of the places.
Admission admit(std::string_view client, std::span<const Standing> others, std::size_t places);

}  // namespace easel::http
