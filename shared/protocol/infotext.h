// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/protocol/generation.h"

/// The "parameters" text that A1111 writes into PNG files and that every tool of the field reads.
namespace easel::protocol {

/// The PNG tEXt/iTXt keyword that carries it.
inline constexpr std::string_view kInfotextKeyword = "parameters";

/// The infotext of one picture: `settings.seed` is that picture's own seed.
std::string toInfotext(const GenerationSettings& settings, std::string_view softwareVersion);

/// Reads what `toInfotext`, A1111 and its relatives write; samplers and schedules come back by their
/// wire names where they are known, else as they stand. Empty when `text` has no settings line.
std::optional<GenerationSettings> fromInfotext(std::string_view text);

}  // namespace easel::protocol
