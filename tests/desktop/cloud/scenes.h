// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QString>
#include <QStringList>

#include <algorithm>
#include <cstdio>

#include "desktop/cloud/gcp_event.h"

namespace easel::tests {

/// What the stand-in for easel-gcp says, and how it was called. One at a time in a process.
class Scenes {
public:
    explicit Scenes(const QString& folder) : m_folder(folder) {
        QDir().mkpath(folder);
        qputenv("EASEL_GCP_SCENES", folder.toUtf8());
    }

    static QString program() {
        return QStringLiteral(EASEL_SOURCE_DIR "/tests/desktop/cloud/stand_in_easel_gcp");
    }

    /// `lines`: see the stand-in.
    void set(const QString& command, const QStringList& lines) const {
        write(command, lines.join('\n').toUtf8() + '\n');
    }
    /// The same, and then it is done.
    void succeed(const QString& command, QStringList lines = {}) const {
        set(command, lines << R"({"event":"done"})");
    }
    void fail(const QString& command, const QString& code, const QString& detail = "It is not so.",
              const QString& remedy = "Do this.", const QString& url = {}) const {
        set(command,
            {QStringLiteral(R"({"event":"error","code":"%1","detail":"%2","remedy":"%3","url":"%4"})")
                 .arg(code, detail, remedy, url),
             "%exit 1"});
    }
    void write(const QString& name, const QByteArray& text) const {
        // At once: the stand-in may be about to read it.
        QFile file(m_folder + '/' + name + ".new");
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size()) {
            qFatal("no scene");
        }
        file.close();
        std::rename(QFile::encodeName(file.fileName()), QFile::encodeName(m_folder + '/' + name));
    }
    QByteArray read(const QString& name) const {
        QFile file(m_folder + '/' + name);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    QStringList calls() const { return QString::fromUtf8(read("calls")).split('\n', Qt::SkipEmptyParts); }
    /// Those of one command.
    QStringList calls(const QString& command) const {
        return calls().filter(QRegularExpression('^' + QRegularExpression::escape(command) + "( |$)"));
    }

private:
    QString m_folder;
};

/// The process whose id a scene has written down. One that has ended, and that nobody has asked about yet, is
/// not alive.
inline bool isAlive(const Scenes& scenes, const QString& name) {
    QFile file(QStringLiteral("/proc/%1/cmdline").arg(scenes.read(name).trimmed().toInt()));
    return file.open(QIODevice::ReadOnly) && !file.readAll().isEmpty();
}

inline const protocol::GcpPlace kMachinePlace{"my-project", "us-central1-a", "easel"};

/// The line for a machine; `left`: seconds that it may run, -1 for no limit.
inline QString machineLine(const QString& state, int left = 7'200, double cost = 1.32,
                           const QString& name = "easel") {
    return QStringLiteral(
               R"({"event":"machine","name":"%1","project":"my-project","zone":"us-central1-a","gpu":"l4",)"
               R"("machine_type":"g2-standard-4","state":"%2","stops_at":"%3","run_left_s":%4,)"
               R"("started_at":"%5","up_s":3600,"hourly":0.73,"cost":%6,"provisioning":"standard",)"
               R"("public":false,"address":"","model":"stable-diffusion-v1-5/stable-diffusion-v1-5"})")
        .arg(name, state, state == "running" && left >= 0 ? "2026-11-26T18:00:00Z" : "")
        .arg(std::max(0, left))
        .arg(state == "running" ? "2026-11-26T10:00:00Z" : "")
        .arg(cost);
}

/// The line with a code for the machine at kMachinePlace.
inline QString pairingLine(const QByteArray& ticket, const QByteArray& fingerprint) {
    return QStringLiteral(R"({"event":"pairing","code":"easel://10.128.0.2:5000?ticket=%1&fingerprint=%2)"
                          R"(&gcp=my-project/us-central1-a/easel"})")
        .arg(QString::fromLatin1(ticket), QString::fromLatin1(fingerprint));
}

inline QString stageLine(const QString& id, const QString& state, const QString& title,
                         const QString& detail = {}) {
    return QStringLiteral(R"({"event":"stage","id":"%1","state":"%2","title":"%3","detail":"%4"})")
        .arg(id, state, title, detail);
}

}  // namespace easel::tests
