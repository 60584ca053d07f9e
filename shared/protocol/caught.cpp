// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/caught.h"

#include <cerrno>
#include <new>
#include <system_error>

namespace easel::protocol {

Problem problemOf(const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
        return unavailable("The server's memory does not suffice for this just now; try again in a moment.");
    }
    if (const auto* const failure = dynamic_cast<const std::system_error*>(&error)) {
        const bool isQuota = failure->code() == std::error_code(EDQUOT, std::generic_category());
        if (isQuota || failure->code() == std::errc::no_space_on_device) {
            return noSpace("The server's disk is full; make room on it.");
        }
        if (failure->code() == std::errc::not_enough_memory) {
            return problemOf(std::bad_alloc());
        }
    }
    return internalError(error.what());
}

}  // namespace easel::protocol
