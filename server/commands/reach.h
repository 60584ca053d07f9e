// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// Whom a server can be reached by, and what stands in their way.
namespace easel::commands {

struct Reach {
    std::string address;       ///< that it is bound to
    bool hasKeys = false;      ///< somebody can come in
    bool needsKey = false;     ///< nobody comes in without one
    bool isEncrypted = false;  ///< TLS
};

/// The one rule of what is safe: this machine alone, or keys and encryption. What is not is refused, unless
/// it is asked for with --allow-insecure.
bool canBeReachedSafely(const Reach& reach);
/// What to do where it cannot.
std::string howToBeSafe(const Reach& reach);
/// What is dangerous as it is, in a sentence each.
std::vector<std::string> dangersOf(const Reach& reach);

}  // namespace easel::commands
