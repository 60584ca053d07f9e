// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::hub {

/// How the hub is reached, or another place that files come from.
struct Settings {
    std::string endpoint = "https://huggingface.co";  ///< without a slash at its end
    std::string token;                                ///< empty: none; what an index wants, as Basic has it
    std::string certificates;  ///< a file with those to be trusted; empty: the system's
    std::chrono::milliseconds connectTimeout = std::chrono::seconds(20);
    /// A transfer that brings less than a KiB a second for as long is cut and tried again.
    std::chrono::seconds slowFor{30};
    /// Between tries; see process::Backoff.
    std::chrono::milliseconds firstPause = std::chrono::seconds(1);
    std::chrono::milliseconds longestPause = std::chrono::seconds(30);
    int tries = 5;  ///< in a row without progress
    /// A hub that wants to be left alone for longer gets no further try.
    std::chrono::seconds longestRequest = std::chrono::minutes(10);
};

/// By the hub's own rules: HF_ENDPOINT, HF_HUB_OFFLINE; the token from `tokenFile`, or else HF_TOKEN,
/// HUGGING_FACE_HUB_TOKEN, the file at HF_TOKEN_PATH, the service's credential easel.hub-token, the hub's
/// login in `home` (HF_HOME); certificates from CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE. Errors:
/// a token that cannot be read or is none, an endpoint that is no address, or one that would get the token
/// without encryption. No error holds a token.
protocol::Expected<Settings> settingsFromEnvironment(const std::optional<std::filesystem::path>& tokenFile,
                                                     const std::filesystem::path& home);

}  // namespace easel::hub
