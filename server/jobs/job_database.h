// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "shared/protocol/caught.h"
#include "shared/protocol/problem.h"

/// The SQLite file behind SqliteJobStore. For its .cpp files alone.
namespace easel::jobs {

/// All of a job's own row, in the order that SqliteJobStore reads.
inline constexpr const char* kRecord =
    "SELECT number, id, state, settings, attempt, losses, error, created_at, started_at, finished_at, "
    "idempotency_key, idempotency_request, owner, hold, priority, rank, finished_event, "
    "request_id FROM jobs ";
inline constexpr const char* kImagesOfJob =
    "SELECT position, seed, width, height, bytes, content_type, note FROM images WHERE job = ? "
    "ORDER BY position";
inline constexpr const char* kInputs =
    "SELECT number, id, owner, width, height, bytes, content_type, unused_since FROM inputs";
inline constexpr const char* kUses = "SELECT job, input FROM job_inputs";
inline constexpr const char* kTime = "SELECT latest, uptime FROM time";
inline constexpr const char* kPaused = "SELECT paused FROM queue";

protocol::Problem problemOf(const SQLite::Exception& error);

/// Runs `work` and turns what it throws into a problem, be it SQLiteCpp's or not: what could not be stored is
/// tried again, what threw past here would not be.
template <typename Work>
auto guarded(Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const SQLite::Exception& error) {
        return tl::unexpected(problemOf(error));
    } catch (const std::exception& error) {
        return tl::unexpected(protocol::problemOf(error));
    }
}

/// Opens or makes the file and brings its schema up to date. A damaged one goes, as it is, into the folder
/// "set-aside" beside it, and what can be read of it into a new one; `log` is told. Errors: it was written
/// by a newer Easel, or cannot be used for a reason that is no damage.
protocol::Expected<SQLite::Database> openJobDatabase(const std::filesystem::path& file,
                                                     const std::function<void(const std::string&)>& log);
/// Writes the database again when its files were removed while it is open; SQLite alone would go on in
/// files that no name leads to. Answers whether it had to.
protocol::Expected<bool> putBack(SQLite::Database& database, const std::filesystem::path& file);

}  // namespace easel::jobs
