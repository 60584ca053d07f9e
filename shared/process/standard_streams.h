// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace easel::process {

/// Connects those of standard input, output and error that are closed with /dev/null. The next file to be
/// opened would take their place, and what is printed would go into it. The first thing that a main does.
void openStandardStreams();

}  // namespace easel::process
