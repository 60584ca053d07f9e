// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QProcess>
#include <QString>
#include <QTemporaryDir>
#include <QUrl>

/// The real easel-server with the real worker, a tiny model and a data folder of its own; gone with the
/// object. For the end-to-end tests.
class ServerProcess {
public:
    /// `port`: 0 for any free one. `devices` as --device takes them.
    explicit ServerProcess(int port = 0, const QString& devices = "cpu");
    ~ServerProcess();

    /// Starts it and waits until it listens and has its model: false with a message in `error`. A second
    /// start keeps the port and the data.
    bool start();
    /// The same, without waiting for the model.
    bool listen();
    /// SIGTERM and wait; its exit status.
    int terminate();
    /// SIGKILL and wait.
    void kill();

    QUrl url() const;
    /// The running worker's process id, or 0.
    qint64 workerPid() const;

    QString error;

private:
    bool waitUntilReady();

    QTemporaryDir m_data;
    QProcess m_process;
    int m_port;
    const QString m_devices;
};
