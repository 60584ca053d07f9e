// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "server/jobs/job_store.h"

namespace easel::jobs {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Opens the SQLite file, making or bringing up to date what is in it. One process at a time may use it.
/// A damaged file is set aside beside it, and what can be read of it taken over; `log` is told, as it is of
/// single jobs that cannot be read. It is called from several threads, at once too, until the store is gone,
/// and must not block. Claims are measured by `now`. Errors: the file cannot be opened or set aside, or was
/// written by a newer Easel.
protocol::Expected<std::unique_ptr<JobStore>> openSqliteJobStore(
    const std::filesystem::path& file, std::function<void(const std::string&)> log = {},
    std::function<SteadyTime()> now = std::chrono::steady_clock::now);

}  // namespace easel::jobs
