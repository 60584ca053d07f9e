// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::remote {

enum class VersionFit { Fits, TooOld, TooNew };

/// Whether a server of version `server` is understood by an app of version `app`, both MAJOR.MINOR[…]: within
/// one major version, and before 1.0 within one minor version, what is new may be left alone. A version that
/// can't be read fits: what matters then shows elsewhere.
VersionFit fitOf(std::string_view server, std::string_view app);

}  // namespace easel::remote
