// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/instance_door.h"

#include <QCryptographicHash>
#include <QLocalServer>
#include <QLocalSocket>
#include <QStandardPaths>

#include <utility>

namespace easel::remote {

namespace {

constexpr int kWait = 2'000;                 // ms
constexpr qint64 kLongestLink = 8LL * 1024;  // bytes
constexpr char kTaken[] = "taken\n";

}  // namespace

InstanceDoor::InstanceDoor(QString place, QObject* parent) : QObject(parent), m_place(std::move(place)) {}

InstanceDoor::~InstanceDoor() = default;

QString InstanceDoor::defaultPlace() {
    const QString data = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
    const QByteArray mark =
        QCryptographicHash::hash(data.toUtf8(), QCryptographicHash::Sha256).toHex().left(12);
    return QStringLiteral("%1/easel-%2")
        .arg(QStandardPaths::writableLocation(QStandardPaths::RuntimeLocation), QString::fromLatin1(mark));
}

bool InstanceDoor::handOver(const QString& link) const {
    QLocalSocket socket;
    socket.connectToServer(m_place);
    if (!socket.waitForConnected(kWait)) {
        return false;
    }
    socket.write(link.toUtf8().simplified() + '\n');
    while (!socket.canReadLine() && socket.waitForReadyRead(kWait)) {
    }
    return socket.readLine() == kTaken;
}

void InstanceDoor::open() {
    QLocalSocket other;
    other.connectToServer(m_place);
    if (other.waitForConnected(kWait)) {
        return;
    }
    QLocalServer::removeServer(m_place);  // Of an app that has died.
    m_server = std::make_unique<QLocalServer>();
    m_server->setSocketOptions(QLocalServer::UserAccessOption);
    connect(m_server.get(), &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* socket = m_server->nextPendingConnection()) {
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            connect(socket, &QLocalSocket::readyRead, this, [this, socket] { read(socket); });
            read(socket);
        }
    });
    m_server->listen(m_place);
}

void InstanceDoor::read(QLocalSocket* socket) {
    if (socket->bytesAvailable() > kLongestLink) {
        return socket->abort();
    }
    if (!socket->canReadLine()) {
        return;
    }
    const QString link = QString::fromUtf8(socket->readLine()).trimmed();
    socket->write(kTaken);
    socket->disconnectFromServer();
    Q_EMIT linkCame(link);
}

}  // namespace easel::remote
