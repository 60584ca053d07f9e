// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <cstdint>
#include <optional>

#include "desktop/ui/parts/action_row.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"

/// What rows say of models and pulls; what can be done there is added by who knows.
namespace easel::ui {

/// "4.3 GB"
QString bytesInWords(std::int64_t bytes);
/// The first address with https in a text; empty: there is none.
QString pageIn(const QString& text);

/// `verification`: the latest of the model, or null.
RowContent rowOf(const protocol::ModelInfo& model, bool isDefault, const protocol::PullInfo* verification);
RowContent rowOf(const protocol::PullInfo& pull);
RowContent rowOf(const protocol::HubHit& hit);
/// The model itself, without its weights.
RowContent rowOf(const protocol::HubModel& model);
/// One set of weights. `free`: bytes on the server's disk, where it tells.
RowContent rowOf(const protocol::HubVariant& variant, std::optional<std::int64_t> free);
/// Whether there is room for the rest of it.
bool fits(const protocol::HubVariant& variant, std::optional<std::int64_t> free);

}  // namespace easel::ui
