// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/server/http/transport.h"
#include "tests/server/tls/client_end.h"

namespace easel::tests {

/// A response taken apart; header names in lower case.
struct RawResponse {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;

    std::string header(const std::string& name) const;
};

/// A client that sends exactly the bytes that it is told to, well-formed or not; under TLS each piece is a
/// record, and the handshake is done when it has been made. Every wait ends after 30 s at the latest.
class RawClient {
public:
    /// `from` is the loopback address that it has to the server.
    explicit RawClient(std::uint16_t port, const std::string& from = "127.0.0.1",
                       Transport transport = chosenTransport());
    /// Under TLS, as `options` say.
    RawClient(std::uint16_t port, const ClientEnd::Options& options);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    /// False when the server has closed the connection.
    bool send(std::string_view bytes);
    /// Reads one response; nothing when the connection ended before one was complete.
    std::optional<RawResponse> receive(bool toHead = false);
    /// Reads until `text` has come, and returns everything up to its end; empty when it never came.
    std::string receiveUntil(std::string_view text);
    /// Waits for the server to close; true when it did and sent nothing else.
    bool isClosedByServer();
    /// Its side of TLS; null when it is plain.
    ClientEnd* tlsEnd() { return m_tls.get(); }
    /// Sends bytes as they are, whatever the transport.
    bool sendRaw(std::string_view bytes);
    /// Ends TCP's half alone.
    void endSendingRaw();
    /// Sends nothing more, and still reads.
    void endSending();
    void close();
    /// Ends the connection at once, as a program does that is killed.
    void reset();

private:
    void connect(std::uint16_t port, const std::string& from);
    void shakeHands(const ClientEnd::Options& options);
    bool readMore();

    int m_socket = -1;
    std::unique_ptr<ClientEnd> m_tls;
    std::string m_received;
};

/// One request on a connection of its own.
std::optional<RawResponse> fetch(std::uint16_t port, const std::string& method, const std::string& target,
                                 const std::string& fields = {}, const std::string& body = {},
                                 const std::string& from = "127.0.0.1");

}  // namespace easel::tests
