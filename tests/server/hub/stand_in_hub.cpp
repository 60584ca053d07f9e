// SPDX-License-Identifier: Apache-2.0
#include "tests/server/hub/stand_in_hub.h"

#include <QFile>
#include <QJsonDocument>

namespace easel::tests {

namespace {

constexpr int kPatienceMs = 30'000;

}  // namespace

StandInHub::StandInHub() {
    m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_process.start("python3", {EASEL_SOURCE_DIR "/tests/server/hub/stand_in_hub.py", m_folder.path(),
                                EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny"});
    while (m_process.state() != QProcess::NotRunning && !m_process.canReadLine() &&
           m_process.waitForReadyRead(kPatienceMs)) {
    }
    const QList<QByteArray> ports = m_process.readLine().trimmed().split(' ');
    if (ports.size() == 3) {
        m_endpoint = "https://localhost:" + QString::fromLatin1(ports[0]);
        m_proxy = "http://127.0.0.1:" + QString::fromLatin1(ports[2]);
    }
}

StandInHub::~StandInHub() {
    m_process.closeWriteChannel();
    if (!m_process.waitForFinished(kPatienceMs)) {
        m_process.kill();
        m_process.waitForFinished(kPatienceMs);
    }
}

hub::Settings StandInHub::settings(const std::string& token) const {
    return {.endpoint = m_endpoint.toStdString(),
            .token = token,
            .certificates = certificates().toStdString(),
            .slowFor = std::chrono::seconds(1),
            .firstPause = std::chrono::milliseconds(10),
            .longestPause = std::chrono::milliseconds(50)};
}

void StandInHub::setEnvironment(const QString& cache) const {
    for (const char* const name :
         {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "HTTPS_PROXY",
          "https_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
        qunsetenv(name);
    }
    qputenv("HF_ENDPOINT", m_endpoint.toUtf8());
    qputenv("CURL_CA_BUNDLE", certificates().toUtf8());
    qputenv("HF_HOME", m_folder.filePath("home").toUtf8());
    qputenv("HF_HUB_CACHE", cache.toUtf8());
}

QList<QJsonObject> StandInHub::log() const {
    QList<QJsonObject> all;
    QFile file(m_folder.filePath("requests.jsonl"));
    if (file.open(QIODevice::ReadOnly)) {
        for (const QByteArray& line : file.readAll().split('\n')) {
            if (!line.isEmpty()) {
                all.append(QJsonDocument::fromJson(line).object());
            }
        }
    }
    return all;
}

QList<QJsonObject> StandInHub::requests(const QString& name) const {
    QList<QJsonObject> some;
    for (const QJsonObject& request : log()) {
        if (request["path"].toString().contains('/' + name + '/')) {
            some.append(request);
        }
    }
    return some;
}

int StandInHub::tokensAtStorage() const {
    int count = 0;
    for (const QJsonObject& request : log()) {
        count += request["host"] == "storage" && request["token"].toBool() ? 1 : 0;
    }
    return count;
}

}  // namespace easel::tests
