// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/hub/transfer.h"
#include "shared/protocol/problem.h"

/// What went wrong with the hub, in words for a person.
namespace easel::hub {

/// What was asked for.
struct Subject {
    std::string model;  ///< OWNER/NAME
    std::string revision;
    std::string file = {};  ///< empty: the repository itself
    std::string host;       ///< of the hub
    bool hasToken = false;
};

/// Why `answer`, which is no success, was given. Where the hub said how long to wait, `retryAfter` holds it.
protocol::Problem explain(const Subject& subject, const Answer& answer);
/// Whether the same request may be answered otherwise in a moment.
bool isPassing(const Answer& answer);

/// 502: what came is not what was announced; nothing of it is used.
protocol::Problem untrue(const std::string& what);
/// 422: the repository holds nothing that can be drawn with.
protocol::Problem unusable(const std::string& what);
/// 409: it was stopped.
protocol::Problem stopped();

}  // namespace easel::hub
