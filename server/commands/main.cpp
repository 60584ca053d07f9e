// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_line.h"

int main(int argc, char** argv) {
    return easel::commands::run(argc, argv);
}
