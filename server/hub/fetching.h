// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/address.h"
#include "server/hub/file_part.h"
#include "server/hub/settings.h"
#include "server/hub/transfer.h"
#include "shared/protocol/problem.h"

/// Requests that do not give up at the first failure. What fails for a moment is tried again with growing
/// pauses, as often in a row as the settings say.
namespace easel::hub {

inline constexpr int kMostRedirects = 5;

/// Waits; false when stopped before.
bool pause(std::chrono::milliseconds time, const std::stop_token& stop);

bool isRedirect(const Answer& answer);
/// What stands for an answer when redirects do not end.
Answer inCircles();

/// Why an answer is no success, in words for a person.
using Explain = std::function<protocol::Problem(const Answer& answer)>;

/// Makes `ask` until its answer is not a passing failure.
protocol::Expected<Answer> persist(const Settings& settings, const Explain& explain,
                                   const std::function<Answer()>& ask, const std::stop_token& stop);

/// How the bytes of a file may be reached.
struct Road {
    std::string home;                               ///< the origin that announces the file
    std::function<bool(const Address&)> mayLeadTo;  ///< a redirect
    std::function<std::vector<std::string>(const Address&)> fieldsFor;  ///< what is sent there
};

/// Hands all that `part` still lacks to its sink, through as many answers as it takes.
protocol::Expected<void> fetch(Transfer& transfer, const Settings& settings, const Road& road, FilePart& part,
                               const std::string& url, const Explain& explain, const std::stop_token& stop);

}  // namespace easel::hub
