// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/task_record.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QObject>
#include <QSaveFile>

#include <algorithm>

#include "desktop/gallery/disk_problem.h"
#include "shared/protocol/json.h"

namespace easel::studio {

namespace {

constexpr int kVersion = 1;

// The protocol writes its own values; here they are nested as they stand.
QJsonObject nested(const std::string& json) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(json)).object();
}

std::string flat(const QJsonValue& value) {
    return QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact).toStdString();
}

QJsonObject toJson(const TaskRecord& record) {
    QJsonArray saved;
    for (const int index : record.saved) {
        saved.append(index);
    }
    QJsonObject object{
        {"id", record.id},
        {"server", record.server.toString()},
        {"server_id", QString::fromStdString(record.serverId)},
        {"request", nested(protocol::toJson(record.request))},
        {"sent", record.sent},
        {"job", QString::fromStdString(record.jobId)},
        {"key", record.keyId},
        {"saved", saved},
        {"cancelled", record.cancelled},
    };
    if (record.settings) {
        object["settings"] = nested(protocol::toJson(*record.settings));
    }
    if (record.problem) {
        object["problem"] = nested(protocol::toJson(*record.problem));
    }
    return object;
}

/// Nothing when `object` is not what toJson wrote.
std::optional<TaskRecord> recordFrom(const QJsonObject& object) {
    auto request = protocol::parseRequest(flat(object["request"]));
    TaskRecord record;
    record.id = object["id"].toString();
    record.server = QUrl(object["server"].toString());
    record.serverId = object["server_id"].toString().toStdString();
    if (!request || record.id.isEmpty() || !record.server.isValid()) {
        return std::nullopt;
    }
    record.request = std::move(*request);
    record.sent = object["sent"].toBool();
    record.jobId = object["job"].toString().toStdString();
    record.keyId = object["key"].toString();
    for (const auto& index : object["saved"].toArray()) {
        record.saved.push_back(index.toInt());
    }
    record.cancelled = object["cancelled"].toBool();
    if (auto settings = protocol::parseSettings(flat(object["settings"]))) {
        record.settings = std::move(*settings);
    }
    if (object.contains("problem")) {
        if (auto problem = protocol::parseProblem(flat(object["problem"]))) {
            record.problem = std::move(*problem);
        }
    }
    return record;
}

protocol::Problem alreadyRunning() {
    return {409, "already_running", QObject::tr("Easel is open already").toStdString(),
            QObject::tr(
                "Another window of Easel keeps the list of unfinished pictures. Use that one, or wait here "
                "for your pictures: what is unfinished when this window closes is not taken up again.")
                .toStdString(),
            std::nullopt};
}

}  // namespace

protocol::GenerationRequest remainderOf(const TaskRecord& record) {
    protocol::GenerationRequest request = record.request;
    if (!record.settings) {
        return request;
    }
    // Images come in the order of their seeds; the first missing one says where to go on.
    int first = 0;
    while (std::ranges::find(record.saved, first) != record.saved.end()) {
        ++first;
    }
    request.seed = record.settings->seed + first;
    request.count = std::max(1, record.settings->count - first);
    return request;
}

TaskFile::TaskFile(QString path) : m_path(std::move(path)), m_lock(m_path + QStringLiteral(".lock")) {
    m_lock.setStaleLockTime(
        0);  // an app may run for weeks; one that has died is recognised by its process id
}

protocol::Expected<QList<TaskRecord>> TaskFile::load() {
    QDir().mkpath(QFileInfo(m_path).absolutePath());
    m_isOurs = m_lock.tryLock() || m_lock.error() != QLockFile::LockFailedError;
    if (!m_isOurs) {
        return tl::unexpected(alreadyRunning());
    }
    QFile file(m_path);
    if (!file.exists()) {
        return {};
    }
    QList<TaskRecord> records;
    bool understood = file.open(QIODevice::ReadOnly);
    const QJsonObject root = QJsonDocument::fromJson(file.readAll()).object();
    understood = understood && root["version"].toInt() == kVersion;
    for (const auto& value : root["tasks"].toArray()) {
        auto record = recordFrom(value.toObject());
        understood = understood && record;
        if (record) {
            records.append(std::move(*record));
        }
    }
    if (understood) {
        return records;
    }
    const QString aside = m_path + QStringLiteral(".broken");
    QFile::remove(aside);
    file.close();
    QFile::rename(m_path, aside);
    return tl::unexpected(gallery::cannotRead(
        m_path, QObject::tr("it does not hold the list of unfinished pictures; it was kept as %1")
                    .arg(QFileInfo(aside).fileName())));
}

protocol::Expected<void> TaskFile::save(const QList<TaskRecord>& records) {
    if (!m_isOurs) {
        return {};
    }
    QJsonArray tasks;
    for (const TaskRecord& record : records) {
        tasks.append(toJson(record));
    }
    const QByteArray bytes = QJsonDocument(QJsonObject{{"version", kVersion}, {"tasks", tasks}}).toJson();
    QSaveFile file(m_path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        return tl::unexpected(gallery::cannotWrite(m_path, bytes.size(), file.errorString()));
    }
    return {};
}

}  // namespace easel::studio
