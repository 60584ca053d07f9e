// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/inspection.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "shared/protocol/json_parts.h"

namespace easel::protocol {

std::string toJson(const Inspection& inspection) {
    nlohmann::json parts = nlohmann::json::array();
    for (const Inspection::Part& part : inspection.parts) {
        parts.push_back({{"name", part.name},
                         {"bytes", part.bytes},
                         {"numbers", part.numbers},
                         {"precision", part.precision}});
    }
    return text({{"place", inspection.place},
                 {"kind", inspection.kind},
                 {"what", inspection.what},
                 {"family", inspection.family},
                 {"bytes", inspection.bytes},
                 {"parts", std::move(parts)},
                 {"prediction", inspection.prediction},
                 {"prediction_reason", inspection.predictionReason},
                 {"lacks", inspection.lacks},
                 {"notes", inspection.notes},
                 {"problem", inspection.problem}});
}

}  // namespace easel::protocol
