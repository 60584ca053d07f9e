// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "server/jobs/job_store.h"

/// From rows of the database to jobs and back. For SqliteJobStore's .cpp files alone.
namespace easel::jobs {

inline void bindAll(SQLite::Statement&, int) {}

template <typename First, typename... Rest>
void bindAll(SQLite::Statement& statement, int position, const First& first, const Rest&... rest) {
    statement.bind(position, first);
    bindAll(statement, position + 1, rest...);
}

/// The job in a row of `kRecord`, with its images. An error: it cannot be read.
protocol::Expected<JobRecord> readJob(SQLite::Database& database, SQLite::Statement& row);
/// Fails the unfinished job of this number, which nobody can draw, so that its client is told. Answers its
/// id.
std::string giveUp(SQLite::Database& database, std::int64_t number);

}  // namespace easel::jobs
