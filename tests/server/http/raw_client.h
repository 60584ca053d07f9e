// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace easel::tests {

/// A response taken apart; header names in lower case.
struct RawResponse {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;

    std::string header(const std::string& name) const;
};

/// A client that sends exactly the bytes that it is told to, well-formed or not. Every wait ends after
/// 30 s at the latest.
class RawClient {
public:
    /// `from` is the loopback address that it has to the server.
    explicit RawClient(std::uint16_t port, const std::string& from = "127.0.0.1");
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
    /// Sends nothing more, and still reads.
    void endSending();
    void close();
    /// Ends the connection at once, as a program does that is killed.
    void reset();

private:
    bool readMore();

    int m_socket = -1;
    std::string m_received;
};

/// One request on a connection of its own.
std::optional<RawResponse> fetch(std::uint16_t port, const std::string& method, const std::string& target,
                                 const std::string& fields = {}, const std::string& body = {},
                                 const std::string& from = "127.0.0.1");

}  // namespace easel::tests
