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

}  // namespace

int salvage(SQLite::Database& damaged, SQLite::Database& into) {
    SQLite::Transaction transaction(into);
    int count = 0;
    if (auto jobs = prepared(damaged, "SELECT * FROM jobs WHERE number = ?")) {
        // One by one: a walk would end at the first page that is damaged.
        const std::int64_t first = scalar(damaged, "SELECT min(number) FROM jobs", 1);
        const std::int64_t last = scalar(damaged, "SELECT max(number) FROM jobs", first + kMostHidden);
        for (std::int64_t number = first; number <= last; ++number) {
            jobs->tryReset();
            jobs->bind(1, number);
            count += step(*jobs) && copyRow(*jobs, into, "jobs") ? 1 : 0;
        }
    }
    if (auto images = prepared(damaged, "SELECT * FROM images WHERE job = ? ORDER BY position")) {
        SQLite::Statement copied(into, "SELECT number FROM jobs");
        while (copied.executeStep()) {
            images->tryReset();
            images->bind(1, copied.getColumn(0).getInt64());
            while (step(*images)) {
                copyRow(*images, into, "images");
            }
        }
    }
    // A moment that damage made old would have retention delete what was just saved.
    into.exec("UPDATE jobs SET finished_uptime = 0");
    transaction.commit();
    return count;
}

}  // namespace easel::jobs
