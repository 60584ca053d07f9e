// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/commands/serve_options.h"

namespace easel::commands {

/// Serves HTTP until SIGTERM, SIGINT or SIGHUP, then ends in order. Prints "Listening on http://ADDRESS:PORT"
/// when it is open, or https:// under TLS, and logs to standard error. Answers the exit status.
int serve(ServeOptions options);

}  // namespace easel::commands
