// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/server_process.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QEventLoop>
#include <QFile>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QRegularExpression>
#include <QThread>

ServerProcess::ServerProcess(int port, const QString& devices) : m_port(port), m_devices(devices) {
    m_process.setProcessChannelMode(QProcess::SeparateChannels);
}

ServerProcess::~ServerProcess() {
    if (m_process.state() != QProcess::NotRunning) {
        kill();
    }
}

bool ServerProcess::start() {
    return listen() && waitUntilReady();
}

bool ServerProcess::listen() {
    m_process.start(EASEL_SERVER, {"serve", "--port", QString::number(m_port), "--model", EASEL_TINY_MODEL,
                                   "--device", m_devices, "--data", m_data.path()});
    if (!m_process.waitForStarted()) {
        error = m_process.errorString();
        return false;
    }
    QByteArray said;
    const QDeadlineTimer deadline(60'000);
    static const QRegularExpression listening("Listening on http://127\\.0\\.0\\.1:(\\d+)");
    while (!deadline.hasExpired() && m_process.state() == QProcess::Running) {
        m_process.waitForReadyRead(200);
        said += m_process.readAllStandardOutput();
        if (const auto match = listening.match(QString::fromUtf8(said)); match.hasMatch()) {
            m_port = match.captured(1).toInt();
            return true;
        }
    }
    error = QString::fromUtf8(said + m_process.readAllStandardError());
    return false;
}

bool ServerProcess::waitUntilReady() {
    QNetworkAccessManager network;
    const QDeadlineTimer deadline(120'000);
    while (!deadline.hasExpired() && m_process.state() == QProcess::Running) {
        QNetworkReply* reply = network.get(QNetworkRequest(url().resolved(QUrl("/readyz"))));
        QEventLoop loop;
        QObject::connect(reply, &QNetworkReply::finished, &loop, &QEventLoop::quit);
        loop.exec();
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        reply->deleteLater();
        if (status == 200) {
            return true;
        }
        m_process.waitForReadyRead(100);
    }
    error = "never became ready: " + QString::fromUtf8(m_process.readAllStandardError());
    return false;
}

int ServerProcess::terminate() {
    m_process.terminate();
    m_process.waitForFinished(60'000);
    return m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
}

void ServerProcess::kill() {
    m_process.kill();
    m_process.waitForFinished(10'000);
}

QUrl ServerProcess::url() const {
    return QUrl(QString("http://127.0.0.1:%1/").arg(m_port));
}

qint64 ServerProcess::workerPid() const {
    for (const QString& entry : QDir("/proc").entryList(QDir::Dirs)) {
        QFile file("/proc/" + entry + "/stat");
        if (entry.toLongLong() == 0 || !file.open(QIODevice::ReadOnly)) {
            continue;
        }
        // "pid (name) state parent …": a name may hold anything but its last parenthesis.
        const QByteArray stat = file.readAll();
        const int end = int(stat.lastIndexOf(')'));
        const QList<QByteArray> fields = stat.mid(end + 2).split(' ');
        if (stat.contains("(easel-worker)") && fields.size() > 1 &&
            fields[1].toLongLong() == m_process.processId()) {
            return entry.toLongLong();
        }
    }
    return 0;
}
