// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include "server/jobs/job_database.h"
#include "server/jobs/job_rows.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// The one connection to the database of jobs, behind one mutex: writes are short, and SQLite lets only one
/// go on at a time anyway. For .cpp files alone.
class JobConnection {
public:
    JobConnection(SQLite::Database database, std::filesystem::path file,
                  std::function<void(const std::string&)> log)
        : m_database(std::move(database)), m_file(std::move(file)), m_log(std::move(log)) {}

    /// For `reading` and `writing` alone.
    SQLite::Database& database() { return m_database; }

    template <typename Work>
    auto reading(Work work) -> decltype(work()) {
        const std::scoped_lock lock(m_mutex);
        return guarded(work);
    }

    /// Runs what changes the database, after a look whether that is still where it was.
    template <typename Work>
    auto writing(Work work) -> decltype(work()) {
        const std::scoped_lock lock(m_mutex);
        const auto written = putBack(m_database, m_file);
        if (!written) {
            return tl::unexpected(written.error());
        }
        if (*written && m_log) {
            m_log("The database of jobs was removed while the server runs; it was written again.");
        }
        return guarded(work);
    }

    /// One statement, in `reading` or `writing`; answers how many rows it has changed.
    template <typename... Values>
    int execute(const char* sql, const Values&... values) {
        SQLite::Statement statement(m_database, sql);
        bindAll(statement, 1, values...);
        return statement.exec();
    }

    void tell(const std::string& text) const {
        if (m_log) {
            m_log(text);
        }
    }

private:
    std::mutex m_mutex;
    SQLite::Database m_database;
    const std::filesystem::path m_file;
    const std::function<void(const std::string&)> m_log;
};

}  // namespace easel::jobs
