// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// Where a machine on Google Cloud is. Each part is a name that Google gives; parseGcpPlace takes no others,
/// so that they can stand on a command line and in a link as they are.
struct GcpPlace {
    std::string project;  ///< "my-project-123", or "example.com:my-project" of a domain
    std::string zone;     ///< "us-central1-a"
    std::string name;     ///< "easel"

    bool operator==(const GcpPlace&) const = default;
};

bool isGcpProject(std::string_view text);
bool isGcpZone(std::string_view text);
/// The name of a machine, too.
bool isGcpName(std::string_view text);

/// "PROJECT/ZONE/NAME". Errors: 422, `gcp`, with the part at fault.
Expected<GcpPlace> parseGcpPlace(std::string_view text);
std::string toString(const GcpPlace& place);

}  // namespace easel::protocol
