// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/sqlite_input_records.h"

namespace easel::jobs {

using protocol::Expected;
using protocol::InputInfo;

namespace {

/// One's own before others'.
constexpr const char* kSeen =
    "SELECT number, id, width, height, bytes, content_type FROM inputs "
    "WHERE id = ?1 AND (owner = ?2 OR ?3) ORDER BY owner != ?2 LIMIT 1";

void bindView(SQLite::Statement& query, const std::string& id, const InputView& view) {
    bindAll(query, 1, id, view.owner, static_cast<int>(view.seesAll));
}

}  // namespace

Expected<void> SqliteInputRecords::add(const InputInfo& input, const std::string& owner,
                                       std::int64_t uptime) {
    return m_connection.writing([&]() -> Expected<void> {
        m_connection.execute(
            "INSERT INTO inputs (id, owner, width, height, bytes, content_type, unused_since) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, owner) DO UPDATE "
            "SET unused_since = excluded.unused_since",
            input.id, owner, input.width, input.height, input.bytes, input.contentType, uptime);
        return {};
    });
}

Expected<std::optional<InputInfo>> SqliteInputRecords::find(const std::string& id, const InputView& view) {
    return m_connection.reading([&]() -> Expected<std::optional<InputInfo>> {
        SQLite::Statement query(m_connection.database(), kSeen);
        bindView(query, id, view);
        if (!query.executeStep()) {
            return std::optional<InputInfo>();
        }
        return InputInfo{query.getColumn(1).getString(), query.getColumn(2).getInt(),
                         query.getColumn(3).getInt(), query.getColumn(4).getInt64(),
                         query.getColumn(5).getString()};
    });
}

Expected<bool> SqliteInputRecords::isKept(const std::string& id) {
    return m_connection.reading([&]() -> Expected<bool> {
        SQLite::Statement query(m_connection.database(), "SELECT 1 FROM inputs WHERE id = ?");
        query.bind(1, id);
        return query.executeStep();
    });
}

Expected<std::int64_t> SqliteInputRecords::bytesOf(const std::string& owner) {
    return m_connection.reading([&]() -> Expected<std::int64_t> {
        SQLite::Statement query(m_connection.database(),
                                "SELECT coalesce(sum(bytes), 0) FROM inputs WHERE owner = ?");
        query.bind(1, owner);
        query.executeStep();
        return query.getColumn(0).getInt64();
    });
}

Expected<std::int64_t> SqliteInputRecords::bytes() {
    return m_connection.reading([&]() -> Expected<std::int64_t> {
        SQLite::Statement query(
            m_connection.database(),
            "SELECT coalesce(sum(bytes), 0) FROM (SELECT DISTINCT id, bytes FROM inputs)");
        query.executeStep();
        return query.getColumn(0).getInt64();
    });
}

Expected<InputRecords::Removal> SqliteInputRecords::remove(const std::string& id, const InputView& view) {
    return m_connection.writing([&]() -> Expected<Removal> {
        SQLite::Statement query(m_connection.database(), kSeen);
        bindView(query, id, view);
        if (!query.executeStep()) {
            return Removal::NotThere;
        }
        const std::int64_t number = query.getColumn(0).getInt64();
        query.reset();
        const int removed = m_connection.execute(
            "DELETE FROM inputs WHERE number = ? AND number NOT IN (SELECT input FROM job_inputs)", number);
        return removed > 0 ? Removal::Removed : Removal::InUse;
    });
}

Expected<std::vector<std::string>> SqliteInputRecords::expire(std::int64_t uptime, std::int64_t age) {
    return m_connection.writing([&]() -> Expected<std::vector<std::string>> {
        SQLite::Transaction transaction(m_connection.database());
        m_connection.execute(
            "UPDATE inputs SET unused_since = NULL "
            "WHERE unused_since IS NOT NULL AND number IN (SELECT input FROM job_inputs)");
        m_connection.execute(
            "UPDATE inputs SET unused_since = ? "
            "WHERE unused_since IS NULL AND number NOT IN (SELECT input FROM job_inputs)",
            uptime);
        SQLite::Statement expired(m_connection.database(),
                                  "DELETE FROM inputs WHERE unused_since <= ? RETURNING id");
        expired.bind(1, uptime - age);
        std::vector<std::string> ids;
        while (expired.executeStep()) {
            ids.push_back(expired.getColumn(0).getString());
        }
        transaction.commit();
        return ids;
    });
}

bool noteUse(JobConnection& connection, std::int64_t job, const std::string& input,
             const std::string& owner) {
    return connection.execute(
               "INSERT INTO job_inputs SELECT ?, number FROM inputs WHERE id = ? "
               "ORDER BY owner != ? LIMIT 1",
               job, input, owner) > 0;
}

}  // namespace easel::jobs
