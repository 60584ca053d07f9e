// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::protocol {

/// Fills the gaps of `request` from its model's defaults and checks every bound. `randomSeed` is called when
/// the client gave no seed. Errors: 422 with the field's JSON name, its limit and what to do.
Expected<GenerationSettings> resolve(const GenerationRequest& request, const ModelInfo& model,
                                     const Limits& limits, const std::function<std::int64_t()>& randomSeed);

/// That the field `model` names none; `some` are the ids of those that there are, or of the first of them.
Problem noSuchModel(const std::string& id, const std::vector<std::string>& some);

/// Nothing, or nothing but white space in Unicode's sense. `text` is UTF-8.
bool isBlank(std::string_view text);

/// The words of `prompt` that `model` does not know, in order; empty when it knows them all or tells no
/// vocabulary. For a kind hint, never for a refusal.
std::vector<std::string> unknownWords(std::string_view prompt, const ModelInfo& model);

}  // namespace easel::protocol
