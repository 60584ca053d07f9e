// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/generation.h"

/// The "parameters" text that A1111 writes into PNG files and that every tool of the field reads.
namespace easel::protocol {

/// The PNG tEXt/iTXt keyword that carries it.
inline constexpr std::string_view kInfotextKeyword = "parameters";

/// The infotext of one picture: `settings.seed` is that picture's own seed. Reads back as exactly these
/// settings: prompts that would be cut elsewhere (a line "Negative prompt:", blanks at the ends) stand in the
/// settings line once more, quoted.
std::string toInfotext(const GenerationSettings& settings, std::string_view softwareVersion);

/// Reads what `toInfotext`, A1111 and its relatives write; samplers and schedules come back by their
/// wire names where they are known, else as they stand. Empty when `text` has no settings line.
std::optional<GenerationSettings> fromInfotext(std::string_view text);

/// What the picture of this infotext was made with and no GenerationSettings can say, in a person's words:
/// "LoRA", "clip skip", "hires fix".
std::vector<std::string> unsupportedIn(std::string_view infotext);

}  // namespace easel::protocol
