// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace easel::doctor {

/// The worse, the later.
enum class State {
    Skipped,  ///< there was nothing to look at, or no way to
    Right,
    Warning,  ///< works, but somebody should know
    Wrong,    ///< must be mended
};

/// "right", "skipped", "warning", "wrong"
std::string_view toString(State state);

/// One thing that was looked at.
struct Finding {
    std::string name;
    State state = State::Right;
    std::string found;      ///< a sentence for a person
    std::string cure = {};  ///< what to do about it; empty: nothing

    bool operator==(const Finding&) const = default;
};

}  // namespace easel::doctor
