// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/gcp_call.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace easel::cloud {

using namespace std::chrono_literals;

namespace {

constexpr char kProgram[] = "easel-gcp";
constexpr qsizetype kLongestLine = 65'536;
constexpr qsizetype kLastWords = 4'096;
constexpr auto kGrace = 5s;
constexpr int kGraceAtTheEnd = 2'000;  // milliseconds; the app is closing

QString lastLine(const QByteArray& words) {
    const QString text = QString::fromUtf8(words).trimmed();
    return text.mid(text.lastIndexOf('\n') + 1);
}

}  // namespace

QString findGcpProgram() {
    if (const QString named = qEnvironmentVariable("EASEL_GCP"); !named.isEmpty()) {
        return named;
    }
    const QDir here(QCoreApplication::applicationDirPath());
    for (const char* place : {"", "../../../packaging/gcp/"}) {
        const QFileInfo file(here.filePath(QLatin1String(place) + QLatin1String(kProgram)));
        if (file.isFile() && file.isExecutable()) {
            return file.canonicalFilePath();
        }
    }
    return QStandardPaths::findExecutable(QLatin1String(kProgram));
}

GcpCall::GcpCall(QString program, QStringList arguments, QObject* parent)
    : QObject(parent), m_program(std::move(program)), m_arguments(std::move(arguments)) {
    m_arguments << QStringLiteral("--json");
    // A group of its own, so that what it waits for ends with it.
    m_process.setChildProcessModifier([] { ::setpgid(0, 0); });
    m_patience.setSingleShot(true);
    m_patience.setInterval(kGrace);
    connect(&m_patience, &QTimer::timeout, this, [this] { signal(SIGKILL); });
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &GcpCall::readLines);
    connect(&m_process, &QProcess::readyReadStandardError, this,
            [this] { m_lastWords = (m_lastWords + m_process.readAllStandardError()).right(kLastWords); });
    connect(&m_process, &QProcess::finished, this, &GcpCall::onFinished);
    connect(
        &m_process, &QProcess::errorOccurred, this,
        [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart) {
                end(Failure{"internal",
                            tr("%1 can’t be started: %2.").arg(m_program, m_process.errorString()),
                            tr("Install Easel’s desktop package again."),
                            {}});
            }
        },
        Qt::QueuedConnection);
}

GcpCall::~GcpCall() {
    m_process.disconnect(this);
    if (isRunning()) {
        m_process.closeWriteChannel();
        signal(SIGTERM);
        m_process.waitForFinished(kGraceAtTheEnd);
        signal(SIGKILL);
    }
}

void GcpCall::start() {
    if (m_program.isEmpty()) {
        QMetaObject::invokeMethod(
            this,
            [this] {
                end(Failure{
                    "program_missing",
                    tr("The program easel-gcp, which makes machines on Google Cloud, is neither beside "
                       "Easel nor on the PATH."),
                    tr("Install Easel’s desktop package again."),
                    {}});
            },
            Qt::QueuedConnection);
        return;
    }
    // Its standard input stays open for as long as this app lives: so it learns of a crash.
    m_process.start(m_program, m_arguments, QIODevice::ReadWrite);
}

void GcpCall::stop() {
    m_isStopping = true;
    if (!isRunning()) {
        return;
    }
    signal(SIGTERM);
    m_patience.start();
}

void GcpCall::endLater(std::unique_ptr<GcpCall> call) {
    if (!call) {
        return;
    }
    GcpCall* last = call.release();
    last->disconnect();
    if (!last->isRunning()) {
        last->deleteLater();  // It may be telling of its end right now.
        return;
    }
    last->setParent(QCoreApplication::instance());
    connect(last, &GcpCall::ended, last, &QObject::deleteLater);
    last->m_process.closeWriteChannel();
    last->stop();
}

void GcpCall::signal(int number) {
    if (const auto pid = m_process.processId(); pid > 0) {
        ::kill(-static_cast<pid_t>(pid), number);
    }
}

void GcpCall::readLines() {
    m_pending += m_process.readAllStandardOutput();
    for (qsizetype end = 0; (end = m_pending.indexOf('\n')) >= 0;) {
        const QByteArray line = m_pending.left(end);
        m_pending.remove(0, end + 1);
        if (!std::exchange(m_isSkipping, false) && line.size() <= kLongestLine) {
            take(line);
        }
    }
    if (m_pending.size() > kLongestLine) {
        m_pending.clear();
        m_isSkipping = true;
    }
}

void GcpCall::take(const QByteArray& line) {
    const Event event = parseEvent(line);
    if (const auto* failure = std::get_if<Failure>(&event)) {
        m_failure = *failure;
        return;  // The end tells it.
    }
    if (std::holds_alternative<Done>(event)) {
        m_isDone = true;
        return;
    }
    if (const auto* question = std::get_if<Question>(&event)) {
        m_failure = Failure{"question", question->text, {}, {}};
        return;
    }
    if (!std::holds_alternative<std::monostate>(event)) {
        Q_EMIT said(event);
    }
}

void GcpCall::onFinished() {
    m_patience.stop();
    readLines();
    if (m_isStopping && !m_isDone) {
        return end(Failure{"cancelled", {}, {}, {}});
    }
    const bool isWell = m_process.exitStatus() == QProcess::NormalExit && m_process.exitCode() == 0;
    if (m_failure) {
        end(m_failure);
    } else if (isWell && m_isDone) {
        end(std::nullopt);
    } else {
        end(unexplained());
    }
}

void GcpCall::end(const std::optional<Failure>& failure) {
    if (!std::exchange(m_hasEnded, true)) {
        Q_EMIT ended(failure);
    }
}

Failure GcpCall::unexplained() const {
    const QString words = lastLine(m_lastWords);
    const QString what =
        m_process.exitStatus() == QProcess::CrashExit
            ? tr("easel-gcp was ended by something else.")
            : tr("easel-gcp has ended with status %1, and does not say why.").arg(m_process.exitCode());
    return {"internal",
            words.isEmpty() ? what : tr("%1 Its last words: %2").arg(what, words),
            tr("Try it again; what is already made is taken up."),
            {}};
}

}  // namespace easel::cloud
