// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "shared/protocol/generation.h"

namespace easel::protocol {

/// Calls `visit` with each picture that a request or settings are drawn from: the name of its field, and its
/// text.
template <typename Asked, typename Visit>
void forEachPicture(Asked& asked, Visit visit) {
    const auto look = [&](const char* field, auto& text) {
        if constexpr (requires { text.has_value(); }) {
            if (text && !text->empty()) {
                visit(field, *text);
            }
        } else if (!text.empty()) {
            visit(field, text);
        }
    };
    look("init_image", asked.initImage);
    look("mask", asked.mask);
    for (auto& control : asked.controls) {
        look("controls", control.image);
    }
}

/// The ids of the inputs that settings are drawn from, each once.
std::vector<std::string> inputsOf(const GenerationSettings& settings);

}  // namespace easel::protocol
