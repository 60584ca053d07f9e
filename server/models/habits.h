// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/models/model_folder.h"
#include "shared/protocol/server_info.h"

namespace easel::models {

/// What the configs of `model` tell about what it can do and how it likes to be used: operations, guidance,
/// steps, strength.
void tellHabits(const ModelFolder& model, protocol::ModelInfo& info);

}  // namespace easel::models
