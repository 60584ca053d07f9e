// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/sqlite_job_store.h"

#include <charconv>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "server/jobs/job_database.h"
#include "shared/protocol/json.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::Job;

void bindAll(SQLite::Statement&, int) {}

template <typename First, typename... Rest>
void bindAll(SQLite::Statement& statement, int position, const First& first, const Rest&... rest) {
    statement.bind(position, first);
    bindAll(statement, position + 1, rest...);
}

/// One connection behind one mutex: writes are short, and SQLite lets only one go on at a time anyway.
class SqliteJobStore final : public JobStore {
public:
    SqliteJobStore(SQLite::Database database, std::filesystem::path file,
                   std::function<void(const std::string&)> log)
        : m_database(std::move(database)), m_file(std::move(file)), m_log(std::move(log)) {}

    Expected<JobRecord> add(const JobRecord& record) override {
        return writing([&]() -> Expected<JobRecord> {
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
                                    std::string(kRecord) + "WHERE number < ? ORDER BY number DESC");
            bindAll(query, 1, last);
            protocol::JobPage page;
            while (query.executeStep()) {
                auto record = read(query);
                if (!record) {
                    tell(record.error());
                    continue;
                }
                if (static_cast<int>(page.jobs.size()) == limit) {
                    page.next = std::to_string(last);
                    break;
                }
                page.jobs.push_back(std::move(record->job));
                last = query.getColumn("number").getInt64();
            }
            return page;
        });
    }

    Expected<std::vector<JobRecord>> unfinished() override {
        return writing([&]() -> Expected<std::vector<JobRecord>> {
            SQLite::Statement query(m_database,
                                    std::string(kRecord) + "WHERE finished_at IS NULL ORDER BY number");
            std::vector<JobRecord> records;
            std::vector<std::int64_t> unreadable;
            while (query.executeStep()) {
                auto record = read(query);
                if (record && !isFinished(record->job.state)) {
                    records.push_back(std::move(*record));
                } else {
                    unreadable.push_back(query.getColumn("number").getInt64());
                }
            }
            query.reset();
            for (const std::int64_t number : unreadable) {
                giveUp(number);
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
        return writing([&]() -> Expected<bool> {
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
                          const std::optional<protocol::Problem>& error, std::int64_t now,
                          std::int64_t uptime) override {
        return change(
            "UPDATE jobs SET state = ?, error = nullif(?, ''), finished_at = ?, finished_uptime = ? "
            "WHERE id = ? AND attempt = ? AND finished_at IS NULL",
            std::string(toString(state)), error ? toJson(*error) : std::string(), now, uptime, id, attempt);
    }

    Expected<bool> remove(const std::string& id) override {
        return change("DELETE FROM jobs WHERE id = ?", id);
    }

    Expected<std::vector<std::string>> expired(const Retention& retention, std::int64_t uptime) override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<std::vector<std::string>> {
            SQLite::Statement query(m_database, R"(
                SELECT id FROM (
                    SELECT id, finished_uptime,
                        row_number() OVER latest AS place,
                        sum((SELECT coalesce(sum(bytes), 0) FROM images WHERE job = number))
                            OVER latest AS total
                    FROM jobs WHERE finished_at IS NOT NULL
                    WINDOW latest AS (ORDER BY finished_uptime DESC, number DESC ROWS UNBOUNDED PRECEDING))
                WHERE finished_uptime <= ? OR place > ? OR total > ?)");
            bindAll(query, 1, uptime - retention.maxAgeMs, retention.maxJobs, retention.maxBytes);
            std::vector<std::string> ids;
            while (query.executeStep()) {
                ids.push_back(query.getColumn(0).getString());
            }
            return ids;
        });
    }

    Expected<KeptTime> keptTime() override {
        const std::scoped_lock lock(m_mutex);
        return guarded([&]() -> Expected<KeptTime> {
            SQLite::Statement query(m_database, kTime);
            return query.executeStep()
                       ? KeptTime{query.getColumn(0).getInt64(), query.getColumn(1).getInt64()}
                       : KeptTime();
        });
    }

    Expected<void> keepTime(const KeptTime& time) override {
        return change("UPDATE time SET latest = ?, uptime = ?", time.latest, time.uptime).map([](bool) {});
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
        return writing([&]() -> Expected<bool> { return execute(sql, values...); });
    }

    Expected<std::optional<JobRecord>> one(const char* where, const std::string& value) {
        SQLite::Statement query(m_database, std::string(kRecord) + where);
        query.bind(1, value);
        if (!query.executeStep()) {
            return std::optional<JobRecord>();
        }
        return read(query).map([](JobRecord record) { return std::optional(std::move(record)); });
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

    /// Each trouble once: clients ask for lists again and again.
    void tell(const protocol::Problem& problem) {
        if (m_log && m_told.insert(problem.detail).second) {
            m_log(problem.detail);
        }
    }

    /// Nobody can draw a job that cannot be read, but its client can be told.
    void giveUp(std::int64_t number) {
        const auto lost = protocol::internalError(
            "The job could not be read from the server's database and was given up; ask for it again.");
        SQLite::Statement row(m_database, std::string(kRecord) + "WHERE number = ?");
        row.bind(1, number);
        row.executeStep();
        const std::string settings = row.getColumn("settings").getString();
        tell(protocol::internalError("Job " + row.getColumn("id").getString() +
                                     " could not be read from the database and was given up."));
        execute(
            "UPDATE jobs SET state = 'failed', settings = ?, error = ?, "
            "finished_at = coalesce(started_at, created_at), finished_uptime = (SELECT uptime FROM time) "
            "WHERE number = ?",
            protocol::parseSettings(settings) ? settings : toJson(protocol::GenerationSettings()),
            toJson(lost), number);
    }

    Expected<JobRecord> read(SQLite::Statement& row) {
        const auto optionalTime = [&](const char* column) -> std::optional<std::int64_t> {
            const SQLite::Column value = row.getColumn(column);
            return value.isNull() ? std::optional<std::int64_t>() : value.getInt64();
        };
        const auto state = protocol::jobStateFrom(row.getColumn("state").getString());
        auto settings = protocol::parseSettings(row.getColumn("settings").getString());
        if (!state || !settings) {
            return tl::unexpected(protocol::internalError("Job " + row.getColumn("id").getString() +
                                                          " cannot be read from the server's database."));
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
        SQLite::Statement images(m_database, kImagesOfJob);
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
    const std::filesystem::path m_file;
    const std::function<void(const std::string&)> m_log;
    std::set<std::string> m_told;
};

}  // namespace

Expected<std::unique_ptr<JobStore>> openSqliteJobStore(const std::filesystem::path& file,
                                                       std::function<void(const std::string&)> log) {
    return openJobDatabase(file, log).map([&](SQLite::Database database) -> std::unique_ptr<JobStore> {
        return std::make_unique<SqliteJobStore>(std::move(database), file, std::move(log));
    });
}

}  // namespace easel::jobs
