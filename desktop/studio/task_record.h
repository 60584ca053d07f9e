// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QLockFile>
#include <QString>
#include <QUrl>

#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::studio {

/// What must outlive the app for a task not to be lost or drawn twice.
struct TaskRecord {
    QString id;            ///< also the Idempotency-Key that it is handed in with
    QUrl server;           ///< where it was handed in last, or will be
    std::string serverId;  ///< whose it is, whatever its address; empty: any server's, until it is sent
    protocol::GenerationRequest request;
    bool sent = false;  ///< it was handed in; until there is a job id, whether it arrived is not known
    std::string jobId;  ///< empty until the server has said that it took it
    QString keyId;      ///< of the key that it was handed in with: the server shows it to no other
    std::optional<protocol::GenerationSettings> settings;  ///< what the server made of the request
    std::vector<int> saved;                                ///< indexes of the images that are on disk here
    bool cancelled = false;                    ///< to be stopped, whether the server knows it or not
    std::optional<protocol::Problem> problem;  ///< it has failed

    bool operator==(const TaskRecord&) const = default;
};

/// A request for the pictures that the task has not brought.
protocol::GenerationRequest remainderOf(const TaskRecord& record);

/// The file of unfinished tasks, in JSON; written whole, or not at all, and by one app at a time.
class TaskFile {
public:
    explicit TaskFile(QString path);

    /// Empty when there is no file. Errors: "already_running", another app has it (save then does nothing);
    /// it can't be read or understood (it has then been renamed to "….broken", so that no save overwrites
    /// it).
    protocol::Expected<QList<TaskRecord>> load();
    /// After load(). Errors: disk full, no permission.
    protocol::Expected<void> save(const QList<TaskRecord>& records);

private:
    QString m_path;
    QLockFile m_lock;
    bool m_isOurs = false;  ///< loaded, and no other app has it
};

}  // namespace easel::studio
