// SPDX-License-Identifier: Apache-2.0
#include "tests/desktop/remote/fake_server.h"

#include <QFile>
#include <QProcess>
#include <QSslKey>
#include <QSslServer>
#include <QTemporaryDir>

#include <algorithm>

namespace easel::tests {

namespace {

constexpr char kNumber[] = "number";

}  // namespace

Identity makeIdentity() {
    const QTemporaryDir folder;
    const QString key = folder.filePath("key.pem");
    const QString certificate = folder.filePath("certificate.pem");
    QProcess openssl;
    openssl.start("openssl",
                  {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-days", "2", "-subj", "/CN=Easel", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                   "-keyout", key, "-out", certificate});
    if (!openssl.waitForFinished() || openssl.exitCode() != 0) {
        qFatal("openssl made no certificate: %s", openssl.readAllStandardError().constData());
    }
    const auto certificates = QSslCertificate::fromPath(certificate);
    QFile file(key);
    if (certificates.isEmpty() || !file.open(QIODevice::ReadOnly)) {
        qFatal("the certificate can't be read");
    }
    Identity identity{certificates.first(), QSslConfiguration::defaultConfiguration()};
    identity.configuration.setLocalCertificate(certificates.first());
    identity.configuration.setPrivateKey(QSslKey(&file, QSsl::Ec));
    identity.configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    return identity;
}

FakeServer::FakeServer(Handler handler, const Identity* identity)
    : m_handler(std::move(handler)), m_isSecure(identity != nullptr) {
    if (m_isSecure) {
        m_server = std::make_unique<QSslServer>();
        setIdentity(*identity);
    } else {
        m_server = std::make_unique<QTcpServer>();
    }
    // QSslServer tells of a connection when its handshake is done.
    QObject::connect(m_server.get(), &QTcpServer::pendingConnectionAvailable, m_server.get(), [this] {
        while (QTcpSocket* socket = m_server->nextPendingConnection()) {
            socket->setProperty(kNumber, ++m_handshakes);
            accept(socket);
        }
    });
    start();
}

void FakeServer::setIdentity(const Identity& identity) {
    static_cast<QSslServer&>(*m_server).setSslConfiguration(identity.configuration);
    cut();
}

QUrl FakeServer::url() const {
    return QUrl(QStringLiteral("%1://127.0.0.1:%2").arg(m_isSecure ? "https" : "http").arg(m_port));
}

int FakeServer::numberOf(const QTcpSocket& socket) {
    return socket.property(kNumber).toInt();
}

int FakeServer::count(const QByteArray& method, const QByteArray& path) const {
    return static_cast<int>(std::ranges::count_if(m_requests, [&](const FakeRequest& request) {
        return request.method == method && request.path == path;
    }));
}

void FakeServer::stop() {
    m_server->close();
    cut();
}

void FakeServer::start() {
    if (!m_server->listen(QHostAddress::LocalHost, m_port)) {
        qFatal("the fake server can't listen: %s", qPrintable(m_server->errorString()));
    }
    m_port = m_server->serverPort();
}

void FakeServer::cut() {
    // Those in the middle of a handshake, too, which nobody has been told of yet.
    const auto sockets = m_server->findChildren<QTcpSocket*>();
    for (QTcpSocket* socket : sockets) {
        socket->abort();
    }
}

void FakeServer::accept(QTcpSocket* socket) {
    m_input.insert(socket, {});
    QObject::connect(socket, &QTcpSocket::readyRead, m_server.get(), [this, socket] { read(socket); });
    QObject::connect(socket, &QTcpSocket::disconnected, m_server.get(), [this, socket] {
        m_input.remove(socket);
        socket->deleteLater();
    });
}

void FakeServer::read(QTcpSocket* socket) {
    m_input[socket] += socket->readAll();
    while (m_input.contains(socket)) {
        QByteArray& input = m_input[socket];
        const qsizetype end = input.indexOf("\r\n\r\n");
        if (end < 0) {
            return;
        }
        QList<QByteArray> lines = input.left(end).split('\n');
        const QList<QByteArray> words = lines.takeFirst().trimmed().split(' ');
        FakeRequest request{words.value(0), words.value(1), {}, {}};
        for (const QByteArray& line : lines) {
            const qsizetype colon = line.indexOf(':');
            request.headers.insert(line.left(colon).toLower(), line.mid(colon + 1).trimmed());
        }
        const qsizetype length = request.headers.value("content-length").toLongLong();
        if (input.size() < end + 4 + length) {
            return;
        }
        request.body = input.mid(end + 4, length);
        input.remove(0, end + 4 + length);
        m_requests.append(request);
        m_handler(request, *socket);
    }
}

QByteArray answer(int status, const QByteArray& type, const QByteArray& body, const QByteArray& headers) {
    return "HTTP/1.1 " + QByteArray::number(status) + " Status\r\nContent-Type: " + type +
           "\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n" + headers + "\r\n" + body;
}

QByteArray jsonAnswer(const std::string& body, int status, const QByteArray& headers) {
    return answer(status, "application/json", QByteArray::fromStdString(body), headers);
}

QByteArray streamHead() {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: identity\r\n"
           "Connection: close\r\n\r\n";
}

}  // namespace easel::tests
