// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/sqlite_job_store.h"

#include <charconv>
#include <mutex>
#include <string_view>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "shared/protocol/json.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::Job;

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
)"};
constexpr int kSchemaVersion = std::size(kMigrations);

constexpr const char* kRecord =
    "SELECT number, id, state, settings, attempt, losses, error, created_at, started_at, finished_at, "
    "idempotency_key, idempotency_request, owner FROM jobs ";

/// Runs `work`, which may throw what SQLiteCpp throws, and turns that into a problem.
template <typename Work>
auto guarded(Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() == SQLITE_FULL) {
            return tl::unexpected(protocol::noSpace("The disk with the server's data is full."));
        }
        return tl::unexpected(
            protocol::internalError(std::string("The job store cannot be used: ") + error.what() + "."));
    }
}

void bindAll(SQLite::Statement&, int) {}

template <typename First, typename... Rest>
void bindAll(SQLite::Statement& statement, int position, const First& first, const Rest&... rest) {
    statement.bind(position, first);
    bindAll(statement, position + 1, rest...);
}

/// One connection behind one mutex: writes are short, and SQLite lets only one go on at a time anyway.
class SqliteJobStore final : public JobStore {
public:
    explicit SqliteJobStore(const std::filesystem::path& file)
        : m_database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
        m_database.setBusyTimeout(5000);
        m_database.exec("PRAGMA journal_mode = WAL");
        m_database.exec("PRAGMA synchronous = FULL");
        m_database.exec("PRAGMA foreign_keys = ON");
    }

    Expected<void> migrate() {
        return guarded([&]() -> Expected<void> {
            const int found = m_database.execAndGet("PRAGMA user_version").getInt();
            if (found > kSchemaVersion) {
                return tl::unexpected(
                    protocol::internalError("The jobs were stored by a newer Easel; use that, or another "
                                            "data folder."));
            }
            for (int version = found; version < kSchemaVersion; ++version) {
                SQLite::Transaction transaction(m_database);
                m_database.exec(kMigrations[version]);
                m_database.exec("PRAGMA user_version = " + std::to_string(version + 1));
                transaction.commit();
            }
            return {};
        });
    }

    Expected<JobRecord> add(const JobRecord& record) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<JobRecord> {
            if (record.key) {
                auto known = one("WHERE idempotency_key = ?", record.key->key);
                if (!known) {
                    return tl::unexpected(known.error());
                }
                if (*known) {
                    return std::move(**known);
                }
            }
            SQLite::Statement insert(m_database,
                                     "INSERT INTO jobs (id, state, settings, created_at, owner, owner_used, "
                                     "idempotency_key, idempotency_request) "
                                     "VALUES (?, 'queued', ?, ?, ?, ?, ?, ?)");
            bindAll(insert, 1, record.job.id, toJson(record.job.settings), record.job.createdAt, record.owner,
                    record.ownerUsed);
            if (record.key) {
                bindAll(insert, 6, record.key->key, record.key->request);
            }
            insert.exec();
            return record;
        });
    }

    Expected<std::optional<JobRecord>> find(const std::string& id) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&] { return one("WHERE id = ?", id); });
    }

    Expected<std::optional<JobRecord>> findByKey(const std::string& key) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&] { return one("WHERE idempotency_key = ?", key); });
    }

    Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before) override {
        std::int64_t last = INT64_MAX;
        if (before) {
            const char* end = before->data() + before->size();
            const auto [stop, error] = std::from_chars(before->data(), end, last);
            if (error != std::errc() || stop != end) {
                return tl::unexpected(protocol::invalidField(
                    "before", "before must be the \"next\" of a page that was answered earlier."));
            }
        }
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<protocol::JobPage> {
            SQLite::Statement query(m_database,
                                    std::string(kRecord) + "WHERE number < ? ORDER BY number DESC LIMIT ?");
            bindAll(query, 1, last, limit + 1);  // One more tells whether another page follows.
            protocol::JobPage page;
            while (query.executeStep()) {
                if (static_cast<int>(page.jobs.size()) == limit) {
                    page.next = std::to_string(last);
                    break;
                }
                auto record = read(query);
                if (!record) {
                    return tl::unexpected(record.error());
                }
                page.jobs.push_back(std::move(record->job));
                last = query.getColumn("number").getInt64();
            }
            return page;
        });
    }

    Expected<std::vector<JobRecord>> unfinished() override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<std::vector<JobRecord>> {
            SQLite::Statement query(m_database,
                                    std::string(kRecord) + "WHERE finished_at IS NULL ORDER BY number");
            std::vector<JobRecord> records;
            while (query.executeStep()) {
                auto record = read(query);
                if (!record) {
                    return tl::unexpected(record.error());
                }
                records.push_back(std::move(*record));
            }
            return records;
        });
    }

    Expected<std::map<std::string, std::int64_t>> used() override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<std::map<std::string, std::int64_t>> {
            SQLite::Statement query(m_database, "SELECT owner, max(owner_used) FROM jobs GROUP BY owner");
            std::map<std::string, std::int64_t> used;
            while (query.executeStep()) {
                used[query.getColumn(0).getString()] = query.getColumn(1).getInt64();
            }
            return used;
        });
    }

    Expected<bool> start(const std::string& id, int attempt, std::int64_t now,
                         std::int64_t ownerUsed) override {
        return change(
            "UPDATE jobs SET state = 'running', attempt = ?, started_at = ?, "
            "owner_used = max(owner_used, ?) WHERE id = ? AND attempt = ? AND state = 'queued'",
            attempt, now, ownerUsed, id, attempt - 1);
    }

    Expected<bool> addImage(const std::string& id, int attempt, const protocol::ImageInfo& image) override {
        return change(
            "INSERT OR REPLACE INTO images SELECT number, ?, ?, ?, ?, ?, ? FROM jobs "
            "WHERE id = ? AND attempt = ? AND state = 'running'",
            image.index, image.seed, image.width, image.height, image.bytes, image.contentType, id, attempt);
    }

    Expected<bool> requeue(const std::string& id, int attempt, Requeue why) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<bool> {
            SQLite::Transaction transaction(m_database);
            const bool changed = execute(
                "UPDATE jobs SET state = 'queued', started_at = NULL, losses = losses + ? "
                "WHERE id = ? AND attempt = ? AND state = 'running'",
                why == Requeue::Lost ? 1 : 0, id, attempt);
            if (changed) {
                execute("DELETE FROM images WHERE job = (SELECT number FROM jobs WHERE id = ?)", id);
            }
            transaction.commit();
            return changed;
        });
    }

    Expected<bool> finish(const std::string& id, int attempt, protocol::JobState state,
                          const std::optional<protocol::Problem>& error, std::int64_t now) override {
        return change(
            "UPDATE jobs SET state = ?, error = nullif(?, ''), finished_at = ? "
            "WHERE id = ? AND attempt = ? AND finished_at IS NULL",
            std::string(toString(state)), error ? toJson(*error) : std::string(), now, id, attempt);
    }

    Expected<bool> remove(const std::string& id) override {
        return change("DELETE FROM jobs WHERE id = ?", id);
    }

    Expected<std::vector<std::string>> expired(const Retention& retention, std::int64_t now) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<std::vector<std::string>> {
            SQLite::Statement query(m_database, R"(
                SELECT id FROM (
                    SELECT id, finished_at,
                        row_number() OVER latest AS place,
                        sum((SELECT coalesce(sum(bytes), 0) FROM images WHERE job = number))
                            OVER latest AS total
                    FROM jobs WHERE finished_at IS NOT NULL
                    WINDOW latest AS (ORDER BY finished_at DESC, number DESC ROWS UNBOUNDED PRECEDING))
                WHERE finished_at <= ? OR place > ? OR total > ?)");
            bindAll(query, 1, now - retention.maxAgeMs, retention.maxJobs, retention.maxBytes);
            std::vector<std::string> ids;
            while (query.executeStep()) {
                ids.push_back(query.getColumn(0).getString());
            }
            return ids;
        });
    }

private:
    template <typename... Values>
    bool execute(const char* sql, const Values&... values) {
        SQLite::Statement statement(m_database, sql);
        bindAll(statement, 1, values...);
        return statement.exec() > 0;
    }

    template <typename... Values>
    Expected<bool> change(const char* sql, const Values&... values) {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<bool> { return execute(sql, values...); });
    }

    Expected<std::optional<JobRecord>> one(const char* where, const std::string& value) {
        SQLite::Statement query(m_database, std::string(kRecord) + where);
        query.bind(1, value);
        if (!query.executeStep()) {
            return std::optional<JobRecord>();
        }
        return read(query).map([](JobRecord record) { return std::optional(std::move(record)); });
    }

    Expected<JobRecord> read(SQLite::Statement& row) {
        const auto optionalTime = [&](const char* column) -> std::optional<std::int64_t> {
            const SQLite::Column value = row.getColumn(column);
            return value.isNull() ? std::optional<std::int64_t>() : value.getInt64();
        };
        const auto state = protocol::jobStateFrom(row.getColumn("state").getString());
        auto settings = protocol::parseSettings(row.getColumn("settings").getString());
        if (!state || !settings) {
            return tl::unexpected(protocol::internalError("A stored job cannot be read."));
        }
        JobRecord record;
        record.losses = row.getColumn("losses").getInt();
        record.owner = row.getColumn("owner").getString();
        Job& job = record.job;
        job.id = row.getColumn("id").getString();
        job.state = *state;
        job.settings = std::move(*settings);
        job.attempt = row.getColumn("attempt").getInt();
        job.createdAt = row.getColumn("created_at").getInt64();
        job.startedAt = optionalTime("started_at");
        job.finishedAt = optionalTime("finished_at");
        if (const SQLite::Column error = row.getColumn("error"); !error.isNull()) {
            auto problem = protocol::parseProblem(error.getString());
            job.error = problem ? std::move(*problem) : std::move(problem.error());
        }
        if (const SQLite::Column key = row.getColumn("idempotency_key"); !key.isNull()) {
            record.key = {key.getString(), row.getColumn("idempotency_request").getString()};
        }
        SQLite::Statement images(m_database,
                                 "SELECT position, seed, width, height, bytes, content_type FROM images "
                                 "WHERE job = ? ORDER BY position");
        images.bind(1, row.getColumn("number").getInt64());
        while (images.executeStep()) {
            job.images.push_back({images.getColumn(0).getInt(), images.getColumn(1).getInt64(),
                                  images.getColumn(2).getInt(), images.getColumn(3).getInt(),
                                  images.getColumn(4).getInt64(), images.getColumn(5).getString()});
        }
        return record;
    }

    std::mutex m_mutex;
    SQLite::Database m_database;
};

}  // namespace

Expected<std::unique_ptr<JobStore>> openSqliteJobStore(const std::filesystem::path& file) {
    return guarded([&]() -> Expected<std::unique_ptr<JobStore>> {
        auto store = std::make_unique<SqliteJobStore>(file);
        return store->migrate().map([&]() -> std::unique_ptr<JobStore> { return std::move(store); });
    });
}

}  // namespace easel::jobs
