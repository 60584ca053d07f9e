// SPDX-License-Identifier: Apache-2.0
#include "tests/server/libtorch/stand_in_index.h"

#include <QFile>
#include <QJsonDocument>

#include "server/libtorch/index.h"

namespace easel::tests {

namespace {

constexpr int kPatienceMs = 30'000;

}  // namespace

StandInIndex::StandInIndex() {
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_process.start("python3",
                    {EASEL_SOURCE_DIR "/tests/server/libtorch/stand_in_index.py", m_folder.path()});
    while (m_process.state() != QProcess::NotRunning && !m_process.canReadLine() &&
           m_process.waitForReadyRead(kPatienceMs)) {
    }
    m_told = QJsonDocument::fromJson(m_process.readLine()).object();
}

StandInIndex::~StandInIndex() {
    m_process.closeWriteChannel();
    if (!m_process.waitForFinished(kPatienceMs)) {
        m_process.kill();
        m_process.waitForFinished(kPatienceMs);
    }
}

std::string StandInIndex::addressOf(const QString& server, const std::string& fault) const {
    return m_told[server].toString().toStdString() + "/" + fault + "/simple";
}

hub::Settings StandInIndex::settings(const std::string& address) const {
    hub::Settings settings = libtorch::indexSettings(address).value_or(hub::Settings());
    settings.certificates = certificates();
    settings.slowFor = std::chrono::seconds(1);
    settings.firstPause = std::chrono::milliseconds(10);
    settings.longestPause = std::chrono::milliseconds(50);
    return settings;
}

libtorch::PinList StandInIndex::pins(const std::string& list, libtorch::Kind kind) const {
    const QString text = m_told["pins"].toObject()[QString::fromStdString(list)].toString();
    return libtorch::parsePins(kind, text.toStdString()).value_or(libtorch::PinList());
}

std::filesystem::path StandInIndex::wheels(const std::string& list) const {
    return std::filesystem::path(m_folder.path().toStdString()) / "wheels" / list;
}

QList<QJsonObject> StandInIndex::requests(const std::string& fault) const {
    QList<QJsonObject> some;
    QFile file(m_folder.filePath("requests.jsonl"));
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray& line : file.readAll().split('\n')) {
            const QJsonObject request = QJsonDocument::fromJson(line).object();
            if (request["path"].toString().startsWith(QString::fromStdString("/" + fault + "/"))) {
                some.append(request);
            }
        }
    }
    return some;
}

}  // namespace easel::tests
