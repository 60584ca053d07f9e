// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "shared/protocol/problem.h"

namespace easel::jobs {

/// How much of the disk Easel leaves free.
struct DiskOptions {
    std::int64_t minFreeBytes = 0;
    std::function<std::int64_t()> freeBytes;  ///< for this user; without it nothing is measured
    std::filesystem::path reserve;            ///< a file of some hundred kB; empty: none
};

/// The room on the disk with the server's data. Below a floor nothing is taken in or drawn; and a reserve
/// lets a job be deleted when other programs have taken the rest, for even that has to be written down.
/// Safe to use from any thread.
class DiskRoom {
public:
    explicit DiskRoom(DiskOptions options) : m_options(std::move(options)) {}

    /// What is wrong, in a sentence for clients; nothing while there is room.
    std::optional<protocol::Problem> problem() const;
    /// Makes the reserve where it is missing and there is room.
    void keepReserve() const;
    /// Does `work`, which answers an Expected, once more on the reserve's room when there is no other.
    template <typename Work>
    auto withReserve(Work work) const {
        auto result = work();
        if (!result && protocol::isNoSpace(result.error()) && releaseReserve()) {
            result = work();
        }
        return result;
    }

private:
    bool releaseReserve() const;  // False: there is none.

    const DiskOptions m_options;
};

}  // namespace easel::jobs
