// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "server/commands/serve.h"
#include "shared/protocol/gcp_place.h"
#include "shared/protocol/key_info.h"
#include "shared/protocol/problem.h"

namespace easel::commands {

/// Where a running server can be reached, as it tells the commands beside it.
struct PublicAddress {
    std::string url;          ///< "https://pictures.example.org/easel"
    std::string fingerprint;  ///< of a certificate of its own: 64 hexadecimal digits; else empty
    std::string name;         ///< for people

    bool operator==(const PublicAddress&) const = default;
};

/// "http://127.0.0.1:5000": where it listens.
std::string listeningUrl(const ServeOptions& options, std::uint16_t port);
/// The same for others: of a server that listens on every address, this machine's first one in a network.
std::string reachableUrl(const ServeOptions& options, std::uint16_t port);
/// This machine's name.
std::string machineName();

/// Writes it into `file` of the server's data folder, and reads it. Errors of reading: no server runs there.
protocol::Expected<void> tellAddress(const std::filesystem::path& file, const PublicAddress& address);
protocol::Expected<PublicAddress> addressIn(const std::filesystem::path& file);

/// easel://HOST[:PORT][/PATH]?ticket=…: what the app is given to come in. A certificate of the server's own
/// is named by its fingerprint; another one over TLS is told by tls=1. With `gcp` the app reaches the server
/// through a tunnel to that machine, and the address is only what is at its end.
std::string pairingLink(const PublicAddress& address, const std::string& ticket,
                        const std::optional<protocol::GcpPlace>& gcp = {});

struct PairOptions {
    std::filesystem::path data;    ///< empty: see administeredData
    std::filesystem::path config;  ///< of the server whose data it is
    std::string address;           ///< how the device reaches the server; empty: as the server says
    std::optional<protocol::GcpPlace> gcp = {};  ///< the machine on Google Cloud that the server is on
    protocol::KeyScope scope = protocol::KeyScope::Generate;
    bool json = false;
};

/// Prints a code for one device, good once and for ten minutes, and the same as a QR code on a terminal.
/// Answers the exit status.
int pair(const PairOptions& options);

}  // namespace easel::commands
