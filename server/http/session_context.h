// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/http/options.h"
#include "server/http/origin.h"
#include "server/http/router.h"

namespace easel::http {

/// What all sessions of a listener share, read only.
struct SessionContext {
    ListenerOptions options;
    HostRule hosts;
    Router router;
};

}  // namespace easel::http
