// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/input_info.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// Whose inputs somebody sees.
struct InputView {
    std::string owner;     ///< his come first
    bool seesAll = false;  ///< others' too
};

/// What is known of the pictures that clients sent; their bytes are an InputFolder's. Two who sent the same
/// file have an input each. What a call returned success for survives the death of the process and of the
/// machine. Safe to call from any thread. Errors: noSpace, internalError.
class InputRecords {
public:
    virtual ~InputRecords() = default;

    /// Keeps it as `owner`'s. One that he has already is unused from `uptime` on, if no job uses it.
    virtual protocol::Expected<void> add(const protocol::InputInfo& input, const std::string& owner,
                                         std::int64_t uptime) = 0;
    virtual protocol::Expected<std::optional<protocol::InputInfo>> find(const std::string& id,
                                                                        const InputView& view) = 0;
    /// Whether it is anybody's.
    virtual protocol::Expected<bool> isKept(const std::string& id) = 0;
    /// What the owner's inputs take.
    virtual protocol::Expected<std::int64_t> bytesOf(const std::string& owner) = 0;
    /// What everybody's take, the same file once.
    virtual protocol::Expected<std::int64_t> bytes() = 0;
    enum class Removal { Removed, InUse, NotThere };
    /// Forgets the one that `find` finds, unless a job uses it.
    virtual protocol::Expected<Removal> remove(const std::string& id, const InputView& view) = 0;
    /// Forgets those that no job has used for `age` milliseconds at `uptime`, and answers their ids.
    virtual protocol::Expected<std::vector<std::string>> expire(std::int64_t uptime, std::int64_t age) = 0;
};

}  // namespace easel::jobs
