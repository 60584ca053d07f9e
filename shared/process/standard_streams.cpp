// SPDX-License-Identifier: Apache-2.0
#include "shared/process/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace easel::process {

void openStandardStreams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) < 0) {
            // The lowest free number is the stream's: those below are open.
            [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
        }
    }
}

}  // namespace easel::process
