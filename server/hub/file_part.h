// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "server/hub/source.h"
#include "server/hub/transfer.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// A part of a file on its way, through as many answers as it takes. What an answer brings is held against
/// what was announced before any of it is passed on.
struct FilePart {
    const RemoteFile& file;
    const Sink& sink;
    std::int64_t at;  ///< what is before it is here
    std::int64_t to;
    std::int64_t next = 0;                          ///< in the file: what this answer brings now
    std::optional<protocol::Problem> problem = {};  ///< that ends it

    /// Some bytes of an answer; false where no more are wanted of it. `hasBegun`: not the first of them.
    bool take(const Answer& head, std::span<const char> bytes, bool& hasBegun);
    /// Ends it; false.
    bool fail(protocol::Problem why);

private:
    bool begin(const Answer& head);
};

/// The number that `text` begins with.
std::optional<std::int64_t> wholeNumber(std::string_view text);
/// The file has `other` bytes now.
protocol::Problem wrongSize(const RemoteFile& file, std::int64_t other);

}  // namespace easel::hub
