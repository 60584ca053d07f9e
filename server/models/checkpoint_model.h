// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "server/models/checkpoint.h"
#include "server/models/model_folder.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// The model in one file, with what the file does not bring: the schedule and the tokenizers of its family,
/// and parts from where its notes say. Without its info. A part that is still missing is told, and how to
/// bring it.
protocol::Expected<ModelFolder> openCheckpoint(const std::filesystem::path& file);

/// How such a model's pictures come from noise, which no checkpoint says: as its family's first models have
/// it.
SchedulerConfig schedulerFor(const Checkpoint& checkpoint);

}  // namespace easel::models
