// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/sqlite_job_store.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "server/jobs/job_connection.h"
#include "server/jobs/sqlite_input_records.h"
#include "shared/protocol/json.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::Job;

class SqliteJobStore final : public JobStore {
public:
    SqliteJobStore(SQLite::Database database, std::filesystem::path file,
                   std::function<void(const std::string&)> log, std::function<SteadyTime()> now)
        : m_connection(std::move(database), std::move(file), std::move(log)), m_now(std::move(now)) {}

    InputRecords& inputs() override { return m_inputs; }

    Expected<JobRecord> add(const JobRecord& record) override {
        return m_connection.writing([&]() -> Expected<JobRecord> {
            if (record.key) {
                auto known = one("WHERE idempotency_key = ?", record.key->key);
                if (!known) {
                    return tl::unexpected(known.error());
                }
                if (*known) {
                    return std::move(**known);
                }
            }
            SQLite::Transaction transaction(m_connection.database());
            SQLite::Statement insert(
                m_connection.database(),
                "INSERT INTO jobs (id, state, settings, created_at, owner, owner_used, priority, request_id, "
                "rank, "
                "idempotency_key, idempotency_request) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, "
                "(SELECT coalesce(max(rank), 0) + 1 FROM jobs WHERE finished_at IS NULL), ?, ?) "
                "RETURNING rank, number");
            bindAll(insert, 1, record.job.id, toJson(record.job.settings), record.job.createdAt, record.owner,
                    record.ownerUsed, record.job.priority, record.job.requestId);
            if (record.key) {
                bindAll(insert, 8, record.key->key, record.key->request);
            }
            JobRecord added = record;
            insert.executeStep();
            added.rank = insert.getColumn(0).getInt64();
            const std::int64_t number = insert.getColumn(1).getInt64();
            insert.executeStep();  // to its end, or nothing is committed
            for (const std::string& input : record.inputs) {
                if (!noteUse(m_connection, number, input, record.owner)) {
                    return tl::unexpected(protocol::conflict(
                        "A picture of this request went meanwhile; send it again with POST /v1/inputs."));
                }
            }
            transaction.commit();
            return added;
        });
    }

    Expected<std::optional<JobRecord>> find(const std::string& id) override {
        return m_connection.reading([&] { return one("WHERE id = ?", id); });
    }

    Expected<std::optional<JobRecord>> findByKey(const std::string& key) override {
        return m_connection.reading([&] { return one("WHERE idempotency_key = ?", key); });
    }

    Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before,
                                     const std::optional<std::string>& owner) override {
        std::int64_t last = INT64_MAX;
        if (before) {
            const char* end = before->data() + before->size();
            const auto [stop, error] = std::from_chars(before->data(), end, last);
            if (error != std::errc() || stop != end) {
                return tl::unexpected(protocol::invalidField(
                    "before", "before must be the \"next\" of a page that was answered earlier."));
            }
        }
        return m_connection.reading([&]() -> Expected<protocol::JobPage> {
            SQLite::Statement query(m_connection.database(), std::string(kRecord) + "WHERE number < ?" +
                                                                 (owner ? " AND owner = ?" : "") +
                                                                 " ORDER BY number DESC");
            owner ? bindAll(query, 1, last, *owner) : bindAll(query, 1, last);
            protocol::JobPage page;
            while (query.executeStep()) {
                auto record = readJob(m_connection.database(), query);
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
        return m_connection.writing([&]() -> Expected<std::vector<JobRecord>> {
            SQLite::Statement query(m_connection.database(),
                                    std::string(kRecord) + "WHERE finished_at IS NULL ORDER BY number");
            std::vector<JobRecord> records;
            std::vector<std::int64_t> unreadable;
            while (query.executeStep()) {
                auto record = readJob(m_connection.database(), query);
                if (record && !isFinished(record->job.state)) {
                    records.push_back(std::move(*record));
                } else {
                    unreadable.push_back(query.getColumn("number").getInt64());
                }
            }
            query.reset();
            for (const std::int64_t number : unreadable) {
                tell(protocol::internalError("Job " + giveUp(m_connection.database(), number) +
                                             " could not be read from the database and was given up."));
            }
            return records;
        });
    }

    Expected<std::map<std::string, std::int64_t>> used() override {
        return m_connection.reading([&]() -> Expected<std::map<std::string, std::int64_t>> {
            SQLite::Statement query(m_connection.database(),
                                    "SELECT owner, max(owner_used) FROM jobs GROUP BY owner");
            std::map<std::string, std::int64_t> used;
            while (query.executeStep()) {
                used[query.getColumn(0).getString()] = query.getColumn(1).getInt64();
            }
            return used;
        });
    }

    Expected<bool> claim(const std::string& id, int attempt, const Lease& lease, std::int64_t now,
                         std::int64_t ownerUsed) override {
        return m_connection.writing([&]() -> Expected<bool> {
            SQLite::Transaction transaction(m_connection.database());
            if (const auto claim = m_claims.find(id);
                claim == m_claims.end() || claim->second.until <= m_now()) {
                takeBack(id, attempt - 1, Requeue::Lost);
            }
            const bool claimed = execute(
                "UPDATE jobs SET state = 'running', attempt = ?, started_at = ?, "
                "owner_used = max(owner_used, ?) WHERE id = ? AND attempt = ? AND state = 'queued'",
                attempt, now, ownerUsed, id, attempt - 1);
            transaction.commit();
            if (claimed) {
                m_claims[id] = {lease.worker, attempt, m_now() + lease.time};
            }
            return claimed;
        });
    }

    Expected<bool> renew(const std::string& id, int attempt, const Lease& lease) override {
        return m_connection.reading([&]() -> Expected<bool> {
            const auto claim = m_claims.find(id);
            if (claim == m_claims.end() || claim->second.worker != lease.worker ||
                claim->second.attempt != attempt) {
                return false;
            }
            claim->second.until = m_now() + lease.time;
            return true;
        });
    }

    Expected<bool> addImage(const std::string& id, int attempt, const protocol::ImageInfo& image) override {
        return change(
            "INSERT OR REPLACE INTO images SELECT number, ?, ?, ?, ?, ?, ?, ? FROM jobs "
            "WHERE id = ? AND attempt = ? AND state = 'running'",
            image.index, image.seed, image.width, image.height, image.bytes, image.contentType, image.note,
            id, attempt);
    }

    Expected<bool> requeue(const std::string& id, int attempt, Requeue why) override {
        return m_connection.writing([&]() -> Expected<bool> {
            SQLite::Transaction transaction(m_connection.database());
            const bool changed = takeBack(id, attempt, why);
            transaction.commit();
            if (changed) {
                m_claims.erase(id);
            }
            return changed;
        });
    }

    Expected<void> hold(const std::vector<Holding>& jobs) override {
        return changeEach(jobs, [&](const Holding& job) {
            execute("UPDATE jobs SET state = 'held', hold = ? WHERE id = ? AND state = 'queued'",
                    toJson(job.hold), job.id);
        });
    }

    Expected<void> release(const std::vector<std::string>& ids) override {
        return changeEach(ids, [&](const std::string& id) {
            execute("UPDATE jobs SET state = 'queued', hold = NULL WHERE id = ? AND state = 'held'", id);
        });
    }

    Expected<void> place(const std::vector<Placement>& placements) override {
        return changeEach(placements, [&](const Placement& each) {
            execute("UPDATE jobs SET priority = ?, rank = ? WHERE id = ? AND finished_at IS NULL",
                    each.priority, each.rank, each.id);
        });
    }

    Expected<bool> finish(const std::string& id, int attempt, const Ending& ending) override {
        return m_connection.writing([&]() -> Expected<bool> {
            const bool changed = execute(
                "UPDATE jobs SET state = ?, error = nullif(?, ''), finished_at = ?, finished_uptime = ?, "
                "finished_event = ?, hold = NULL WHERE id = ? AND attempt = ? AND finished_at IS NULL",
                std::string(toString(ending.state)), ending.error ? toJson(*ending.error) : std::string(),
                ending.at, ending.uptime, static_cast<std::int64_t>(ending.event), id, attempt);
            if (changed) {
                m_claims.erase(id);
            }
            return changed;
        });
    }

    Expected<std::vector<Told>> finishedAfter(const std::optional<std::string>& owner,
                                              std::uint64_t event) override {
        return m_connection.reading([&]() -> Expected<std::vector<Told>> {
            SQLite::Statement query(m_connection.database(),
                                    std::string(kRecord) + (owner ? "WHERE owner = ? AND " : "WHERE ") +
                                        "finished_event > ? AND finished_at IS NOT NULL "
                                        "ORDER BY finished_event");
            const auto after = static_cast<std::int64_t>(std::min<std::uint64_t>(event, INT64_MAX));
            owner ? bindAll(query, 1, *owner, after) : bindAll(query, 1, after);
            std::vector<Told> told;
            while (query.executeStep()) {
                if (auto record = readJob(m_connection.database(), query)) {
                    const auto number = query.getColumn("finished_event").getInt64();
                    told.push_back({static_cast<std::uint64_t>(number), std::move(record->job)});
                }
            }
            return told;
        });
    }

    Expected<bool> remove(const std::string& id) override {
        return m_connection.writing([&]() -> Expected<bool> {
            m_claims.erase(id);
            return execute("DELETE FROM jobs WHERE id = ?", id);
        });
    }

    Expected<std::vector<std::string>> expired(const Retention& retention, std::int64_t uptime) override {
        return m_connection.reading([&]() -> Expected<std::vector<std::string>> {
            SQLite::Statement query(m_connection.database(), R"(
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

    Expected<bool> paused() override {
        return m_connection.reading([&]() -> Expected<bool> {
            SQLite::Statement query(m_connection.database(), kPaused);
            return query.executeStep() && query.getColumn(0).getInt() != 0;
        });
    }

    Expected<void> setPaused(bool paused) override {
        return change("UPDATE queue SET paused = ?", static_cast<int>(paused)).map([](bool) {});
    }

    Expected<KeptTime> keptTime() override {
        return m_connection.reading([&]() -> Expected<KeptTime> {
            SQLite::Statement query(m_connection.database(), kTime);
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
        return m_connection.execute(sql, values...) > 0;
    }

    template <typename... Values>
    Expected<bool> change(const char* sql, const Values&... values) {
        return m_connection.writing([&]() -> Expected<bool> { return execute(sql, values...); });
    }

    template <typename Items, typename Change>
    Expected<void> changeEach(const Items& items, Change change) {
        return m_connection.writing([&]() -> Expected<void> {
            SQLite::Transaction transaction(m_connection.database());
            for (const auto& item : items) {
                change(item);
            }
            transaction.commit();
            return {};
        });
    }

    bool takeBack(const std::string& id, int attempt, Requeue why) {
        const bool changed = execute(
            "UPDATE jobs SET state = 'queued', started_at = NULL, losses = losses + ? "
            "WHERE id = ? AND attempt = ? AND state = 'running'",
            why == Requeue::Lost ? 1 : 0, id, attempt);
        if (changed) {
            execute("DELETE FROM images WHERE job = (SELECT number FROM jobs WHERE id = ?)", id);
        }
        return changed;
    }

    Expected<std::optional<JobRecord>> one(const char* where, const std::string& value) {
        SQLite::Statement query(m_connection.database(), std::string(kRecord) + where);
        query.bind(1, value);
        if (!query.executeStep()) {
            return std::optional<JobRecord>();
        }
        return readJob(m_connection.database(), query).map([](JobRecord record) {
            return std::optional(std::move(record));
        });
    }

    /// Each trouble once: clients ask for lists again and again.
    void tell(const protocol::Problem& problem) {
        if (m_told.insert(problem.detail).second) {
            m_connection.tell(problem.detail);
        }
    }

    JobConnection m_connection;
    SqliteInputRecords m_inputs{m_connection};
    std::set<std::string> m_told;

    /// Who draws what. Not on disk: whoever had claimed a job before this process is gone, for only one at a
    /// time uses the file.
    struct Claim {
        std::string worker;
        int attempt = 0;
        SteadyTime until;
    };
    std::map<std::string, Claim> m_claims;  // by job
    const std::function<SteadyTime()> m_now;
};

}  // namespace

Expected<std::unique_ptr<JobStore>> openSqliteJobStore(const std::filesystem::path& file,
                                                       std::function<void(const std::string&)> log,
                                                       std::function<SteadyTime()> now) {
    return openJobDatabase(file, log).map([&](SQLite::Database database) -> std::unique_ptr<JobStore> {
        return std::make_unique<SqliteJobStore>(std::move(database), file, std::move(log), std::move(now));
    });
}

}  // namespace easel::jobs
