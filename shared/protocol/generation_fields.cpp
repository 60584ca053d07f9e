// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/generation_fields.h"

namespace easel::protocol {

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
