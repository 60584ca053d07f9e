// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/local_server.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QStandardPaths>
#include <QUrl>

#include <csignal>

#include "desktop/preferences/preferences.h"

namespace easel::remote {

using namespace std::chrono_literals;

namespace {

constexpr char kProgram[] = "easel-server";

/// So long a picture may go on when the app has closed; the next start of the server draws it anew.
constexpr int kDrainSeconds = 10;

constexpr auto kWhileStarting = 100ms;
constexpr auto kWhileRunning = 1'000ms;

/// Why a program ended is in its last line.
QString lastLine(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    constexpr qint64 kEnd = 4096;
    file.seek(std::max<qint64>(0, file.size() - kEnd));
    const QString text = QString::fromUtf8(file.readAll()).trimmed();
    return text.mid(text.lastIndexOf('\n') + 1).remove(QStringLiteral("easel-server: "));
}

}  // namespace

LocalServer::LocalServer(QSettings& settings, QObject* parent) : LocalServer(settings, Place(), parent) {}

LocalServer::LocalServer(QSettings& settings, Place place, QObject* parent)
    : QObject(parent), m_settings(settings), m_place(std::move(place)) {
    m_probe.setTimeout(3s);
    connect(&m_watch, &QTimer::timeout, this, &LocalServer::watch);
}

LocalServer::~LocalServer() {
    if (isOurs() && !keepsRunning() && isAlive(m_pid)) {
        ::kill(static_cast<pid_t>(m_pid), SIGTERM);
    }
}

QString LocalServer::findProgram() {
    const QDir here(QCoreApplication::applicationDirPath());
    for (const char* place : {"", "../libexec/", "../libexec/easel/", "../server/commands/"}) {
        const QFileInfo file(here.filePath(QLatin1String(place) + QLatin1String(kProgram)));
        if (file.isFile() && file.isExecutable()) {
            return file.canonicalFilePath();
        }
    }
    return QStandardPaths::findExecutable(QLatin1String(kProgram));
}

QString LocalServer::defaultFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
}

void LocalServer::start() {
    if (isBusy()) {
        return;
    }
    m_watch.stop();
    m_problem.reset();
    setState(State::Looking);
    m_probe.setAddress(QUrl(QStringLiteral("http://127.0.0.1:%1").arg(m_place.port)));
    m_probe.server(this, [this](const protocol::Expected<protocol::ServerInfo>& info) {
        if (info) {
            running(m_place.port);
        } else {
            launch(info.error().code == kUnreachable ? m_place.port : 0);
        }
    });
}

void LocalServer::leave() {
    preferences::kLocalUsed.set(m_settings, false);
}

bool LocalServer::wasUsed() const {
    return preferences::kLocalUsed.of(m_settings);
}

bool LocalServer::keepsRunning() const {
    return preferences::kLocalKept.of(m_settings);
}

void LocalServer::setKeepsRunning(bool keeps) {
    preferences::kLocalKept.set(m_settings, keeps);
    Q_EMIT stateChanged();
}

void LocalServer::launch(int port) {
    if (m_place.program.isEmpty()) {
        return fail(
            tr("The program easel-server is not beside Easel and not on the PATH. Install it, or connect "
               "to a server on another computer."));
    }
    QDir().mkpath(m_place.folder);
    QFile::remove(portFile());
    QProcess server;
    server.setProgram(m_place.program);
    server.setArguments({QStringLiteral("serve"), QStringLiteral("--port"), QString::number(port),
                         QStringLiteral("--port-file"), portFile(), QStringLiteral("--drain-seconds"),
                         QString::number(kDrainSeconds)});
    server.setStandardInputFile(QProcess::nullDevice());
    server.setStandardOutputFile(logFile());
    server.setProcessChannelMode(QProcess::MergedChannels);
    if (!server.startDetached(&m_pid)) {
        m_pid = 0;
        return fail(tr("%1 can't be started: %2.").arg(m_place.program, server.errorString()));
    }
    preferences::kLocalPid.set(m_settings, m_pid);
    setState(State::Starting);
    m_watch.start(kWhileStarting);
}

void LocalServer::watch() {
    QFile file(portFile());
    const bool isAlive = this->isAlive(m_pid);
    if (isAlive && m_state == State::Starting && file.open(QIODevice::ReadOnly)) {
        return running(file.readAll().trimmed().toInt());
    }
    if (isAlive) {
        return;
    }
    m_pid = 0;
    const QString what = m_state == State::Starting ? tr("The server on this computer has ended at once.")
                                                    : tr("The server on this computer has ended.");
    fail(tr("%1 %2 All that it said is in %3.")
             .arg(what, lastLine(logFile()), QDir::toNativeSeparators(logFile())));
}

void LocalServer::running(int port) {
    // One that an earlier app has left running is ours, too.
    const qint64 known = preferences::kLocalPid.of(m_settings);
    const bool isItsPort = m_state == State::Starting || preferences::kLocalPort.of(m_settings) == port;
    m_pid = isItsPort && isAlive(known) ? known : 0;
    if (isOurs()) {
        m_watch.start(kWhileRunning);
    } else {
        m_watch.stop();
    }
    preferences::kLocalPort.set(m_settings, port);
    preferences::kLocalUsed.set(m_settings, true);
    setState(State::Running);
    Q_EMIT ready(QStringLiteral("127.0.0.1:%1").arg(port));
}

void LocalServer::fail(const QString& detail) {
    m_watch.stop();
    m_problem = protocol::Problem{0, "local_server", tr("No server on this computer").toStdString(),
                                  detail.toStdString(), std::nullopt};
    setState(State::Failed);
}

void LocalServer::setState(State state) {
    m_state = state;
    Q_EMIT stateChanged();
}

bool LocalServer::isAlive(qint64 pid) const {
    // A process id is given out again: only one that runs our program is meant.
    QFile file(QStringLiteral("/proc/%1/cmdline").arg(pid));
    return pid > 0 && file.open(QIODevice::ReadOnly) &&
           file.readAll().split('\0').contains(QFile::encodeName(m_place.program));
}

QString LocalServer::portFile() const {
    return m_place.folder + QStringLiteral("/local-server.port");
}

QString LocalServer::logFile() const {
    return m_place.folder + QStringLiteral("/local-server.log");
}

}  // namespace easel::remote
