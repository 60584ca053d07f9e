// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/settings.h"

namespace easel::hub {

/// What a server answered: the head, and how the transfer ended.
struct Answer {
    int status = 0;                             ///< 0: there was none
    std::map<std::string, std::string> fields;  ///< names in lower case; of several the last
    std::string failure;       ///< what ended it early, in libcurl's words; empty: nothing did
    bool wasRefused = false;   ///< by Ask::onBytes
    bool isUntrusted = false;  ///< the server's certificate is not trusted

    const std::string& field(const std::string& name) const;
    /// How long the server wants to be left alone: Retry-After, or the hub's RateLimit.
    std::optional<std::chrono::seconds> pause() const;
};

/// One request.
struct Ask {
    std::string url;
    bool headOnly = false;
    std::vector<std::string> fields;       ///< "Name: value"
    std::chrono::milliseconds timeout{0};  ///< for all of it; 0: none but that for slow ones
    /// Gets the body piece by piece, with the head that it belongs to; false ends the transfer.
    std::function<bool(const Answer& head, std::span<const char> bytes)> onBytes;
};

/// Makes requests one after another and keeps its connections for the next. Redirects are not followed, no
/// cookies are kept, no netrc is read; proxies are those of the environment. For one thread at a time.
class Transfer {
public:
    explicit Transfer(const Settings& settings);
    ~Transfer();
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// A stop ends it within about a second.
    Answer run(const Ask& ask, const std::stop_token& stop);

private:
    struct Curl;

    const Settings& m_settings;
    const std::unique_ptr<Curl> m_curl;
};

}  // namespace easel::hub
