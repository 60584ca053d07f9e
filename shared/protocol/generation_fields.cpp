// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/generation_fields.h"

#include <array>
#include <cstddef>

namespace easel::protocol {

namespace {

struct GroupWords {
    std::string_view name;
    const char* title;
};

constexpr std::array<GroupWords, 13> kGroups{{{"main", "Picture"},
                                              {"sampling", "Sampling"},
                                              {"words", "Prompt reading"},
                                              {"additions", "Additions"},
                                              {"start", "Start picture"},
                                              {"mask", "Mask"},
                                              {"extend", "Extend"},
                                              {"hires", "Upscale"},
                                              {"variation", "Variation"},
                                              {"refiner", "Refiner"},
                                              {"sizes", "Sizes told"},
                                              {"acceleration", "Acceleration"},
                                              {"watching", "Preview"}}};

}  // namespace

std::string_view toString(FieldGroup group) {
    return kGroups.at(static_cast<std::size_t>(group)).name;
}

const char* titleOf(FieldGroup group) {
    return kGroups.at(static_cast<std::size_t>(group)).title;
}

GenerationRequest requestFor(const GenerationSettings& settings) {
    const GenerationSettings usual;
    GenerationRequest request;
    forEachField([&](const auto& row) {
        const auto& value = row.of(settings);
        if (row.quiet && value == row.of(usual)) {
            return;
        }
        if constexpr (requires { value.empty(); }) {
            if (value.empty()) {
                return;
            }
        }
        row.of(request) = value;
    });
    return request;
}

}  // namespace easel::protocol
