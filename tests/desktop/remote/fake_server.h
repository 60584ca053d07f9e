// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QHash>
#include <QList>
#include <QPointer>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrl>

#include <functional>
#include <memory>
#include <utility>

namespace easel::tests {

struct FakeRequest {
    QByteArray method;
    QByteArray path;                        ///< with the query
    QHash<QByteArray, QByteArray> headers;  ///< names in lower case
    QByteArray body;
};

/// A certificate with its key, signed by itself, for 127.0.0.1 and localhost; another one each time.
struct Identity {
    QSslCertificate certificate;
    QSslConfiguration configuration;  ///< for a server
};
Identity makeIdentity();

/// A HTTP server that says exactly what a test tells it to, byte by byte if need be. Listens on a free
/// loopback port in the test's own thread.
class FakeServer {
public:
    using Handler = std::function<void(const FakeRequest& request, QTcpSocket& socket)>;

    explicit FakeServer(Handler handler) : FakeServer(std::move(handler), nullptr) {}
    /// Over TLS, where there is an identity.
    FakeServer(Handler handler, const Identity* identity);

    QUrl url() const;
    /// Everything that was asked, in order.
    const QList<FakeRequest>& requests() const { return m_requests; }
    int count(const QByteArray& method, const QByteArray& path) const;

    /// Closes the port and cuts every connection, as when the machine goes away.
    void stop();
    /// Listens again on the same port.
    void start();
    /// Shows another certificate from now on, and cuts the open connections.
    void setIdentity(const Identity& identity);
    /// Connections on which the handshake was done, whether anything was asked on them or not.
    int handshakes() const { return m_handshakes; }
    /// Which of them it is, from 1.
    static int numberOf(const QTcpSocket& socket);
    /// Cuts the open connections but keeps listening.
    void cut();

private:
    void accept(QTcpSocket* socket);
    void read(QTcpSocket* socket);

    Handler m_handler;
    std::unique_ptr<QTcpServer> m_server;
    bool m_isSecure = false;
    int m_handshakes = 0;
    quint16 m_port = 0;
    QHash<QTcpSocket*, QByteArray> m_input;
    QList<FakeRequest> m_requests;
};

/// A whole answer. `headers` are full lines, each ending with "\r\n".
QByteArray answer(int status, const QByteArray& type, const QByteArray& body, const QByteArray& headers = {});
/// An application/json answer.
QByteArray jsonAnswer(const std::string& body, int status = 200, const QByteArray& headers = {});
/// The head of an event stream that stays open.
QByteArray streamHead();

}  // namespace easel::tests
