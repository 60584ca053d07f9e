// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/jobs/salvage.h"
#include "shared/process/files.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using std::filesystem::path;

/// What brings the schema from version i to i + 1. Only ever added to.
constexpr const char* kMigrations[] = {R"(
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    settings TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    idempotency_key TEXT UNIQUE,
    idempotency_request TEXT
) STRICT;
CREATE INDEX unfinished_jobs ON jobs (number) WHERE finished_at IS NULL;
CREATE INDEX finished_jobs ON jobs (finished_at);
CREATE TABLE images (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
)",
                                       R"(
ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN owner_used INTEGER NOT NULL DEFAULT 0;
)",
                                       R"(
ALTER TABLE jobs ADD COLUMN finished_uptime INTEGER NOT NULL DEFAULT 0;
CREATE TABLE time (latest INTEGER NOT NULL, uptime INTEGER NOT NULL) STRICT;
INSERT INTO time VALUES (0, 0);
)",
                                       R"(
ALTER TABLE jobs ADD COLUMN hold TEXT;
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN finished_event INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET rank = number WHERE finished_at IS NULL;
CREATE INDEX finished_events ON jobs (owner, finished_event) WHERE finished_at IS NOT NULL;
CREATE TABLE queue (paused INTEGER NOT NULL) STRICT;
INSERT INTO queue VALUES (0);
)",
                                       R"(
CREATE INDEX jobs_of_owners ON jobs (owner, number);
)",
                                       R"(
ALTER TABLE jobs ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
)",
                                       R"(
CREATE TABLE inputs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    unused_since INTEGER,
    UNIQUE (id, owner)
) STRICT;
CREATE INDEX inputs_of_owners ON inputs (owner);
CREATE TABLE job_inputs (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    input INTEGER NOT NULL REFERENCES inputs (number),
    PRIMARY KEY (job, input)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_of_inputs ON job_inputs (input);
)",
                                       R"(
ALTER TABLE images ADD COLUMN note TEXT NOT NULL DEFAULT '';
)"};
constexpr int kSchemaVersion = std::size(kMigrations);

/// What SQLite keeps beside the file `base` while it is open, and after the process was killed.
path companion(const path& base, const char* ending) {
    auto file = base;
    file += ending;
    return file;
}

std::int64_t sizeOf(const path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : static_cast<std::int64_t>(size);
}

/// SQLite would make it readable for others.
void makePrivateFile(const path& file) {
    if (const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); fd >= 0) {
        ::close(fd);
    }
}

/// Whether what is in the log stays there at the end, and the log too.
void keepLog(SQLite::Database& database, bool keep) {
    ::sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

SQLite::Database connect(const path& file) {
    makePrivateFile(file);
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
    // Nobody else may write, and no shared memory is needed, for which a full disk would have no room.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    // Early: what is only in the log is lost with it.
    database.exec("PRAGMA wal_autocheckpoint = 64");
    return database;
}

Expected<void> migrate(SQLite::Database& database) {
    const int found = database.execAndGet("PRAGMA user_version").getInt();
    if (found > kSchemaVersion) {
        return tl::unexpected(
            protocol::internalError("The jobs were stored by a newer Easel; use that, or another "
                                    "data folder."));
    }
    for (int version = found; version < kSchemaVersion; ++version) {
        SQLite::Transaction transaction(database);
        database.exec(kMigrations[version]);
        database.exec("PRAGMA user_version = " + std::to_string(version + 1));
        transaction.commit();
    }
    return {};
}

bool isDamage(const SQLite::Exception& error) {
    const int code = error.getErrorCode();
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
}

/// What is wrong with it, in SQLite's words.
std::optional<std::string> damageOf(SQLite::Database& database) {
    // Not quick_check: an index that disagrees with its table would hide jobs.
    std::string found = database.execAndGet("PRAGMA integrity_check(1)").getString();
    if (found != "ok") {
        return found;
    }
    const SQLite::Statement jobs(database, kRecord);  // Throws when the schema is not ours.
    const SQLite::Statement images(database, kImagesOfJob);
    const SQLite::Statement inputs(database, kInputs);
    const SQLite::Statement uses(database, kUses);
    const SQLite::Statement time(database, kTime);
    const SQLite::Statement paused(database, kPaused);
    return {};
}

struct Opened {
    std::optional<SQLite::Database> database;
    std::string damage;
};

Expected<Opened> tryToOpen(const path& file) {
    try {
        Opened opened;
        opened.database.emplace(connect(file));
        keepLog(*opened.database, true);
        if (const auto migrated = migrate(*opened.database); !migrated) {
            return tl::unexpected(migrated.error());
        }
        if (auto damage = damageOf(*opened.database)) {
            return Opened{{}, std::move(*damage)};
        }
        keepLog(*opened.database, false);
        return opened;
    } catch (const SQLite::Exception& error) {
        if (!isDamage(error)) {
            throw;
        }
        return Opened{{}, error.what()};
    }
}

/// Makes `fresh` the database at a place where there is none any more.
Expected<void> takePlace(const path& fresh, const path& file) {
    std::error_code ignored;
    std::filesystem::remove(companion(file, "-wal"), ignored);  // SQLite would put it over the new one.
    if (::rename(fresh.c_str(), file.c_str()) != 0 || process::sync(file.parent_path()) != 0) {
        return tl::unexpected(
            protocol::internalError(fmt::format("{} cannot be renamed to {}: {}.", fresh.string(),
                                                file.filename().string(), std::strerror(errno))));
    }
    return {};
}

/// Fills a new file with what can be read of a damaged one, and answers how many jobs that is.
Expected<int> rebuild(const path& damaged, const path& fresh) {
    makePrivateFile(fresh);
    SQLite::Database into(fresh.string(), SQLite::OPEN_READWRITE);
    SQLite::Database from(damaged.string(), SQLite::OPEN_READWRITE, 5000);
    from.exec("PRAGMA locking_mode = EXCLUSIVE");
    from.exec("PRAGMA writable_schema = ON");  // Else nothing of a file that was cut can be read.
    keepLog(from, true);
    return migrate(into).map([&] { return salvage(from, into); });
}

/// Moves the file and its companions into a folder of their own and answers that.
Expected<path> setAside(const path& file) {
    const path all = process::setAsideBeside(file);
    process::makeFolder(all);
    path own = process::freeNameIn(all, "database");
    int error = process::makeFolder(own);
    // The file last: it would be no longer damaged in the same way without its log, nor the log without it.
    for (const char* ending : {"-shm", "-wal", "-journal", ""}) {
        const path from = companion(file, ending);
        if (error == 0 && ::rename(from.c_str(), (own / from.filename()).c_str()) != 0 && errno != ENOENT) {
            error = errno;
        }
    }
    if (error != 0) {
        return tl::unexpected(protocol::internalError(
            fmt::format("The database of jobs is damaged and cannot be moved to {}: {}.", own.string(),
                        std::strerror(error))));
    }
    return own;
}

}  // namespace

protocol::Problem problemOf(const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_FULL) {
        return protocol::noSpace("The disk with the server's data is full.");
    }
    return protocol::internalError(fmt::format("The job store cannot be used: {}.", error.what()));
}

Expected<SQLite::Database> openJobDatabase(const path& file,
                                           const std::function<void(const std::string&)>& log) {
    return guarded([&]() -> Expected<SQLite::Database> {
        const path fresh = companion(file, ".new");
        std::error_code error;
        if (std::filesystem::exists(file, error)) {
            std::filesystem::remove(fresh, error);
        } else if (std::filesystem::exists(fresh, error)) {
            // Another process ended just before it did.
            if (const auto taken = takePlace(fresh, file); !taken) {
                return tl::unexpected(taken.error());
            }
        }
        if (sizeOf(file) == 0 && sizeOf(companion(file, "-wal")) > 0) {
            // SQLite would delete the log of an empty file; with any page before it, it reads it.
            makePrivateFile(file);
            std::filesystem::resize_file(file, 4096, error);
        }
        auto opened = tryToOpen(file);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        if (opened->database) {
            return std::move(*opened->database);
        }
        const auto jobs = rebuild(file, fresh);
        if (!jobs) {
            return tl::unexpected(jobs.error());
        }
        const auto kept = setAside(file);
        if (!kept) {
            return tl::unexpected(kept.error());
        }
        if (const auto taken = takePlace(fresh, file); !taken) {
            return tl::unexpected(taken.error());
        }
        if (log) {
            log(
                fmt::format("The database of jobs was damaged ({}). {} jobs could be read from it; the "
                            "damaged files are kept in {}.",
                            opened->damage, *jobs, kept->string()));
        }
        auto repaired = tryToOpen(file);
        if (!repaired) {
            return tl::unexpected(repaired.error());
        }
        if (!repaired->database) {
            return tl::unexpected(protocol::internalError(
                fmt::format("The database of jobs is damaged again: {}.", repaired->damage)));
        }
        return std::move(*repaired->database);
    });
}

Expected<bool> putBack(SQLite::Database& database, const path& file) {
    int isGone = 0;
    ::sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &isGone);
    std::error_code ignored;
    if (isGone == 0 && std::filesystem::exists(companion(file, "-wal"), ignored)) {
        return false;
    }
    if (isGone != 0 && std::filesystem::exists(file, ignored)) {
        return tl::unexpected(protocol::internalError(fmt::format(
            "The file {} was replaced while the server runs; restart the server.", file.string())));
    }
    return guarded([&]() -> Expected<bool> {
        const path copy = companion(file, ".copy");
        std::filesystem::remove(copy, ignored);
        makePrivateFile(copy);
        {
            SQLite::Statement write(database, "VACUUM INTO ?");
            write.bind(1, copy.string());
            write.exec();
        }
        const path fresh = companion(file, ".new");
        if (process::sync(copy) != 0 || ::rename(copy.c_str(), fresh.c_str()) != 0) {
            return tl::unexpected(protocol::internalError(
                fmt::format("The file {} was removed and cannot be written again: {}.", file.string(),
                            std::strerror(errno))));
        }
        if (const auto taken = takePlace(fresh, file); !taken) {
            return tl::unexpected(taken.error());
        }
        keepLog(database, true);  // It would delete the new one's by its name.
        database = connect(file);
        return true;
    });
}

}  // namespace easel::jobs
