// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_rows.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/jobs/job_database.h"
#include "shared/protocol/json.h"

namespace easel::jobs {

using protocol::JobState;

protocol::Expected<JobRecord> readJob(SQLite::Database& database, SQLite::Statement& row) {
    const auto optionalTime = [&](const char* column) -> std::optional<std::int64_t> {
        const SQLite::Column value = row.getColumn(column);
        return value.isNull() ? std::optional<std::int64_t>() : value.getInt64();
    };
    const auto state = protocol::jobStateFrom(row.getColumn("state").getString());
    auto settings = protocol::parseSettings(row.getColumn("settings").getString());
    if (!state || !settings) {
        return tl::unexpected(protocol::internalError(fmt::format(
            "Job {} cannot be read from the server's database.", row.getColumn("id").getString())));
    }
    JobRecord record;
    record.losses = row.getColumn("losses").getInt();
    record.owner = row.getColumn("owner").getString();
    record.rank = row.getColumn("rank").getInt64();
    protocol::Job& job = record.job;
    job.state = *state;
    job.priority = row.getColumn("priority").getInt();
    if (job.state == JobState::Held) {
        job.hold = protocol::parseHold(row.getColumn("hold").getString()).value_or(protocol::Hold());
    }
    job.id = row.getColumn("id").getString();
    job.settings = std::move(*settings);
    job.requestId = row.getColumn("request_id").getString();
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
    SQLite::Statement images(database, kImagesOfJob);
    images.bind(1, row.getColumn("number").getInt64());
    while (images.executeStep()) {
        job.images.push_back({images.getColumn(0).getInt(), images.getColumn(1).getInt64(),
                              images.getColumn(2).getInt(), images.getColumn(3).getInt(),
                              images.getColumn(4).getInt64(), images.getColumn(5).getString(),
                              images.getColumn(6).getString()});
    }
    return record;
}

std::string giveUp(SQLite::Database& database, std::int64_t number) {
    const auto lost = protocol::internalError(
        "The job could not be read from the server's database and was given up; ask for it again.");
    SQLite::Statement row(database, std::string(kRecord) + "WHERE number = ?");
    row.bind(1, number);
    row.executeStep();
    const std::string id = row.getColumn("id").getString();
    const std::string settings = row.getColumn("settings").getString();
    SQLite::Statement update(
        database,
        "UPDATE jobs SET state = 'failed', settings = ?, error = ?, "
        "finished_at = coalesce(started_at, created_at), finished_uptime = (SELECT uptime FROM time) "
        "WHERE number = ?");
    bindAll(update, 1, protocol::parseSettings(settings) ? settings : toJson(protocol::GenerationSettings()),
            toJson(lost), number);
    update.exec();
    return id;
}

}  // namespace easel::jobs
