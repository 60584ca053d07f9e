// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace easel::jobs {

/// "j_" and 80 random bits: nobody guesses the address of another's picture.
std::string newJobId();
/// Whether `newJobId` could have made it.
bool isJobId(std::string_view text);

}  // namespace easel::jobs
