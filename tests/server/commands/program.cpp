// SPDX-License-Identifier: Apache-2.0
#include "tests/server/commands/program.h"

#include <signal.h>
#include <sys/types.h>

#include <filesystem>

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTest>

namespace {

constexpr int kPatienceMs = 30'000;

/// A line of /proc/PID/status; empty when there is no such process.
QByteArray statusOf(qint64 process, const char* key) {
    QFile file(QStringLiteral("/proc/%1/status").arg(process));
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray& line : file.readAll().split('\n')) {
            if (line.startsWith(key)) {
                return line.mid(static_cast<int>(qstrlen(key))).trimmed();
            }
        }
    }
    return {};
}

}  // namespace

Program::Program(const QStringList& arguments, const QString& folder, const std::function<void()>& prepare)
    : Program(EASEL_SERVER, arguments, folder, prepare) {}

Program Program::redirected(const QString& redirections, const QStringList& arguments) {
    const QString exec = QStringLiteral("exec \"$0\" \"$@\" ");
    const qsizetype at = redirections.lastIndexOf(';') + 1;
    const QString command = redirections.left(at) + exec + redirections.mid(at);
    return Program("/bin/sh", QStringList{"-c", command, EASEL_SERVER} + arguments, {}, {});
}

Program::Program(const QString& program, const QStringList& arguments, const QString& folder,
                 const std::function<void()>& prepare) {
    m_process.setChildProcessModifier(prepare);
    if (!folder.isEmpty()) {
        m_process.setWorkingDirectory(folder);
    }
    m_process.start(program, arguments);
    m_process.waitForStarted(kPatienceMs);
}

Program::~Program() {
    if (m_process.state() != QProcess::NotRunning) {
        m_process.kill();
        m_process.waitForFinished(kPatienceMs);
    }
}

int Program::waitForEnd() {
    const bool ended = m_process.state() == QProcess::NotRunning || m_process.waitForFinished(kPatienceMs);
    read();
    return ended && m_process.exitStatus() == QProcess::NormalExit ? m_process.exitCode() : -1;
}

bool Program::waitForError(const QByteArray& text) {
    return QTest::qWaitFor(
        [&] {
            read();
            return m_errors.contains(text);
        },
        kPatienceMs);
}

QString Program::waitForLine(const QString& start) {
    const QByteArray wanted = start.toUtf8();
    QString rest;
    const bool found = QTest::qWaitFor(
        [&] {
            read();
            for (const QByteArray& line : m_output.left(m_output.lastIndexOf('\n') + 1).split('\n')) {
                if (line.startsWith(wanted)) {
                    rest = QString::fromUtf8(line.mid(wanted.size()));
                    return true;
                }
            }
            return m_process.state() == QProcess::NotRunning;
        },
        kPatienceMs);
    return found ? rest : QString();
}

void Program::signal(int number) {
    ::kill(static_cast<pid_t>(pid()), number);
}

void Program::read() {
    m_output += m_process.readAllStandardOutput();
    m_errors += m_process.readAllStandardError();
}

QList<qint64> childrenOf(qint64 parent) {
    QList<qint64> children;
    for (const QString& entry : QDir("/proc").entryList(QDir::Dirs)) {
        bool isProcess = false;
        const qint64 process = entry.toLongLong(&isProcess);
        if (isProcess && statusOf(process, "PPid:").toLongLong() == parent) {
            children.append(process);
        }
    }
    return children;
}

bool isAlive(qint64 process) {
    const QByteArray state = statusOf(process, "State:");
    return !state.isEmpty() && !state.startsWith('Z');
}

QString modelNamed(const QString& name, const QString& folder) {
    const QString link = folder + "/" + name;
    QFile::link(EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny", link);
    return link;
}

QString oddModel(const QString& folder) {
    QString model = folder + "/odd";
    std::filesystem::copy(EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny", model.toStdString(),
                          std::filesystem::copy_options::recursive);
    for (const char* const name : {"/model_index.json", "/scheduler/scheduler_config.json"}) {
        QFile file(model + name);
        if (!file.open(QIODevice::ReadWrite)) {
            return {};
        }
        const QByteArray text = file.readAll().replace("PNDMScheduler", "DPMSolverSinglestepScheduler");
        file.resize(0);
        file.write(text);
    }
    return model;
}
