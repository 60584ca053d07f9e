// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_line.h"
#include "shared/process/standard_streams.h"

int main(int argc, char** argv) {
    easel::process::openStandardStreams();
    return easel::commands::run(argc, argv);
}
