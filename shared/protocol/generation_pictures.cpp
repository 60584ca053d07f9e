// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/generation_pictures.h"

#include <algorithm>

namespace easel::protocol {

std::vector<std::string> inputsOf(const GenerationSettings& settings) {
    std::vector<std::string> ids;
    forEachPicture(settings, [&](const char* /*field*/, const std::string& id) {
        if (std::ranges::find(ids, id) == ids.end()) {
            ids.push_back(id);
        }
    });
    return ids;
}

}  // namespace easel::protocol
