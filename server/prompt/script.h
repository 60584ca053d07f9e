// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/prompt/emphasis.h"
#include "server/prompt/lora_tags.h"
#include "shared/protocol/problem.h"

/// What a prompt says: its syntax, its weights, how it changes while it is drawn, and its tokens.
namespace easel::prompt {

enum class Syntax {
    A1111,  ///< that of AUTOMATIC1111
    Plain,  ///< none: every character is text
};

/// Of GenerationSettings::promptSyntax.
Syntax syntaxOf(std::string_view name);

enum class Role { Positive, Negative };

/// Until which step something is read.
struct Stretch {
    int until = 0;            ///< the first step, from 0, that is no longer its
    std::size_t reading = 0;  ///< which of the branch's
};

/// One of the prompts that AND joins.
struct Branch {
    double weight = 1;
    std::vector<Reading> readings;   ///< all different
    std::vector<Stretch> stretches;  ///< the last is until the end
};

struct Script {
    std::vector<Branch> branches;
    std::vector<LoraTag> loras;
    std::vector<std::string> warnings;  ///< what was read as text and looks like more, a sentence each
};

/// Reads `prompt` for a picture of `steps` steps. A negative prompt has neither AND nor tags. Errors: 422; it
/// joins or changes more often than kMaxBranches or kMaxReadings.
protocol::Expected<Script> scriptOf(std::string_view prompt, Syntax syntax, int steps,
                                    Role role = Role::Positive);

inline constexpr std::size_t kMaxBranches = 8;
inline constexpr std::size_t kMaxReadings = 64;

}  // namespace easel::prompt
