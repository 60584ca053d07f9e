// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

#include <memory>

class QLocalServer;
class QLocalSocket;

namespace easel::remote {

/// Where a link that starts the program once more reaches the app that is open already. Owned by main; GUI
/// thread.
class InstanceDoor : public QObject {
    Q_OBJECT

public:
    /// `place`: the socket's path.
    explicit InstanceDoor(QString place, QObject* parent = nullptr);
    ~InstanceDoor() override;

    /// In the person's own runtime folder; another one for other data.
    static QString defaultPlace();

    /// Gives the link to the app that is open; false when there is none. Waits, two seconds at most: for
    /// before there is a window.
    bool handOver(const QString& link) const;
    /// Listens for links, unless another app does.
    void open();

Q_SIGNALS:
    void linkCame(const QString& link);

private:
    void read(QLocalSocket* socket);

    QString m_place;
    std::unique_ptr<QLocalServer> m_server;
};

}  // namespace easel::remote
