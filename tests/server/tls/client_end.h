// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace easel::tests {

/// A client's side of TLS without a connection: what comes from the server is put in, what is to be sent to
/// it taken out. It believes every certificate.
class ClientEnd {
public:
    struct Options {
        int oldest = 0;          ///< as OpenSSL numbers versions; 0: any
        int newest = 0;          ///< the same
        std::string ciphers{};   ///< of TLS 1.2 and before; empty: OpenSSL's
        std::string protocol{};  ///< for ALPN; empty: none
        std::string trusted{};   ///< a file with the only certificate that is believed; empty: all are
        std::string name{};      ///< a name or address that the certificate must have; empty: any
    };

    ClientEnd() : ClientEnd(Options{}) {}
    explicit ClientEnd(const Options& options);
    ~ClientEnd();
    ClientEnd(const ClientEnd&) = delete;
    ClientEnd& operator=(const ClientEnd&) = delete;

    void feed(std::string_view encrypted);
    std::string takeOutput();

    /// Goes on with the handshake. False when it has failed.
    bool shakeHands();
    bool isReady() const;
    void write(std::string_view text);
    /// All that has come since.
    std::string read();
    /// The server has said that it sends nothing more.
    bool hasEnded() const;
    void endSending();
    /// Asks the server for new keys, and to answer with new ones of its own.
    void updateKeys();
    /// False when the server does not let it.
    bool renegotiate();

    const std::string& failure() const { return m_failure; }
    int version() const;
    std::string cipher() const;
    std::string protocol() const;
    bool hasResumableSession() const;
    /// The SHA-256 of the server's certificate.
    std::array<std::uint8_t, 32> fingerprint() const;

private:
    struct Handle;

    bool judge(int result);

    const std::unique_ptr<Handle> m_handle;
    std::string m_failure;
};

}  // namespace easel::tests
