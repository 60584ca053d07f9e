// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/salvage.h"

#include <cstdint>
#include <optional>
#include <string>

#include <fmt/core.h>
#include <sqlite3.h>

namespace easel::jobs {

namespace {

/// Where the highest number cannot be read, so many are looked for.
constexpr std::int64_t kMostHidden = 1'000'000;

/// Empty when not even the schema can be read, or the table is gone.
std::optional<SQLite::Statement> prepared(SQLite::Database& database, const char* query) {
    try {
        return SQLite::Statement(database, query);
    } catch (const SQLite::Exception&) {
        return {};
    }
}

/// The next row; false when there is none that can be read.
bool step(SQLite::Statement& rows) {
    return rows.tryExecuteStep() == SQLITE_ROW;
}

std::int64_t scalar(SQLite::Database& database, const char* query, std::int64_t fallback) {
    try {
        const SQLite::Column found = database.execAndGet(query);
        return found.isNull() ? fallback : found.getInt64();
    } catch (const SQLite::Exception&) {
        return fallback;
    }
}

void bindTo(SQLite::Statement& insert, int position, const SQLite::Column& value) {
    if (value.isInteger()) {
        insert.bind(position, value.getInt64());
    } else if (value.isText()) {
        insert.bind(position, value.getString());
    } else if (!value.isNull()) {
        insert.bind(position, value.getBlob(), value.getBytes());
    }
}

/// By the names of the columns, so that those which an older schema lacks get their defaults. False: the
/// row breaks the table's rules, so Easel did not write it like this.
bool copyRow(SQLite::Statement& row, SQLite::Database& into, const std::string& table) {
    std::string names;
    std::string places;
    for (int i = 0; i < row.getColumnCount(); ++i) {
        names += (i == 0 ? "" : ", ") + std::string(row.getColumnName(i));
        places += i == 0 ? "?" : ", ?";
    }
    SQLite::Statement insert(into, fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, places));
    for (int i = 0; i < row.getColumnCount(); ++i) {
        bindTo(insert, i + 1, row.getColumn(i));
    }
    try {
        return insert.exec() > 0;
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() != SQLITE_CONSTRAINT) {
            throw;
        }
        return false;
    }
}

/// Copies the rows of a table that are numbered, and answers how many those were. One by one: a walk would
/// end at the first page that is damaged.
int copyNumbered(SQLite::Database& damaged, SQLite::Database& into, const std::string& table) {
    auto rows = prepared(damaged, fmt::format("SELECT * FROM {} WHERE number = ?", table).c_str());
    if (!rows) {
        return 0;
    }
    const std::int64_t first = scalar(damaged, fmt::format("SELECT min(number) FROM {}", table).c_str(), 1);
    const std::int64_t last =
        scalar(damaged, fmt::format("SELECT max(number) FROM {}", table).c_str(), first + kMostHidden);
    int count = 0;
    for (std::int64_t number = first; number <= last; ++number) {
        rows->tryReset();
        rows->bind(1, number);
        count += step(*rows) && copyRow(*rows, into, table) ? 1 : 0;
    }
    return count;
}

/// Copies what a table says of each job that was copied.
void copyOfJobs(SQLite::Database& damaged, SQLite::Database& into, const std::string& table) {
    auto rows = prepared(damaged, fmt::format("SELECT * FROM {} WHERE job = ?", table).c_str());
    if (!rows) {
        return;
    }
    SQLite::Statement copied(into, "SELECT number FROM jobs");
    while (copied.executeStep()) {
        rows->tryReset();
        rows->bind(1, copied.getColumn(0).getInt64());
        while (step(*rows)) {
            copyRow(*rows, into, table);
        }
    }
}

}  // namespace

int salvage(SQLite::Database& damaged, SQLite::Database& into) {
    SQLite::Transaction transaction(into);
    const int count = copyNumbered(damaged, into, "jobs");
    copyNumbered(damaged, into, "inputs");
    copyOfJobs(damaged, into, "images");
    copyOfJobs(damaged, into, "job_inputs");
    // A moment that damage made old would have retention delete what was just saved.
    into.exec("UPDATE jobs SET finished_uptime = 0");
    into.exec("UPDATE inputs SET unused_since = NULL");
    transaction.commit();
    return count;
}

}  // namespace easel::jobs
