// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "server/commands/command_line.h"
#include "shared/process/standard_streams.h"

int main(int argc, char** argv) {
    easel::process::openStandardStreams();
    std::signal(SIGPIPE, SIG_IGN);  // A reader that leaves must not take us with it; writing to it fails.
    return easel::commands::run(argc, argv);
}
