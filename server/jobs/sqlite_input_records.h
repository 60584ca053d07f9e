// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/jobs/input_records.h"
#include "server/jobs/job_connection.h"

namespace easel::jobs {

/// The inputs in the database of jobs, so that what uses what cannot get out of step.
class SqliteInputRecords final : public InputRecords {
public:
    /// `connection` outlives it.
    explicit SqliteInputRecords(JobConnection& connection) : m_connection(connection) {}

    protocol::Expected<void> add(const protocol::InputInfo& input, const std::string& owner,
                                 std::int64_t uptime) override;
    protocol::Expected<std::optional<protocol::InputInfo>> find(const std::string& id,
                                                                const InputView& view) override;
    protocol::Expected<bool> isKept(const std::string& id) override;
    protocol::Expected<std::int64_t> bytesOf(const std::string& owner) override;
    protocol::Expected<std::int64_t> bytes() override;
    protocol::Expected<Removal> remove(const std::string& id, const InputView& view) override;
    protocol::Expected<std::vector<std::string>> expire(std::int64_t uptime, std::int64_t age) override;

private:
    JobConnection& m_connection;
};

/// Notes, while the connection is written to, that the job with this number uses the input; its owner's own
/// one, if there is one. False: there is none.
bool noteUse(JobConnection& connection, std::int64_t job, const std::string& input, const std::string& owner);

}  // namespace easel::jobs
