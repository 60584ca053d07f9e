// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
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
    QString id;  ///< also the Idempotency-Key that it is handed in with
    QUrl server;
    protocol::GenerationRequest request;
    bool sent = false;  ///< it was handed in; until there is a job id, whether it arrived is not known
    std::string jobId;  ///< empty until the server has said that it took it
    std::optional<protocol::GenerationSettings> settings;  ///< what the server made of the request
    std::vector<int> saved;                                ///< indexes of the images that are on disk here
    bool cancelled = false;                    ///< to be stopped, whether the server knows it or not
    std::optional<protocol::Problem> problem;  ///< it has failed

    bool operator==(const TaskRecord&) const = default;
};

/// The file of unfinished tasks, in JSON; written whole, or not at all.
class TaskFile {
public:
    explicit TaskFile(QString path) : m_path(std::move(path)) {}

    /// Empty when there is no file. Errors: it can't be read or understood; it has then been renamed to
    /// "….broken", so that a later save does not overwrite it.
    protocol::Expected<QList<TaskRecord>> load() const;
    /// Errors: disk full, no permission.
    protocol::Expected<void> save(const QList<TaskRecord>& records) const;

private:
    QString m_path;
};

}  // namespace easel::studio
