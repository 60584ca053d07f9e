// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "shared/protocol/problem.h"

/// What exceptions that nobody foresaw come to, at the edges of threads and of what strangers send.
namespace easel::protocol {

/// 507 where a disk is full, 503 where the memory is; else 500 with the exception's own words, which are for
/// a log.
Problem problemOf(const std::exception& error);

/// Does `work`, which answers an Expected; what it throws is its error.
template <typename Work>
auto caught(Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& error) {
        return tl::unexpected(problemOf(error));
    }
}

}  // namespace easel::protocol
