// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "server/jobs/job_store.h"

namespace easel::jobs {

/// Opens the SQLite file, making or bringing up to date what is in it. One process at a time may use it.
/// Errors: it cannot be opened, is damaged, or was written by a newer Easel.
protocol::Expected<std::unique_ptr<JobStore>> openSqliteJobStore(const std::filesystem::path& file);

}  // namespace easel::jobs
