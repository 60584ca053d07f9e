// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace easel::http {

/// Raises the number of descriptors that this process may have to the most that it is allowed, and answers
/// that. The customary low number is for programs that use select(); nothing here does, nor in a child that
/// inherits it.
std::size_t raiseDescriptorLimit();

/// How many connections leave enough of `descriptors` for everything else: each may be sending a file, some
/// more are on their way out, and jobs, their store and the worker must never lack one.
std::size_t connectionsWithin(std::size_t descriptors);

/// Connections beyond a limit of `connections` that may be told so, or be on their way out.
std::size_t surplusOf(std::size_t connections);

}  // namespace easel::http
