// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "server/http/leave.h"
#include "server/keys/secret.h"

namespace easel::api {

/// Who has logged in on the page. A browser holds a random id, never the key; here its hash is kept, in
/// memory alone, so a restart ends them all. Passive, guarded by its owner.
class LoginSessions {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::hours kLongest{30 * 24};
    static constexpr std::size_t kMost = 1000;  ///< the one that began first ends

    struct Session {
        std::string key;  ///< its id
        Time began;
        std::shared_ptr<http::Leave> leave;
    };

    /// The new one's id, for the browser.
    std::string begin(const std::string& key, Time now);
    /// Null when there is none such any more. Until the next call of another method.
    const Session* find(const std::string& id, Time now);
    void end(const std::string& id);
    /// Ends those whose key is none that `stays`.
    void endUnless(const std::function<bool(const std::string& key)>& stays);

private:
    using Sessions = std::map<keys::Hash, Session>;  // by the hash of their ids

    Sessions::iterator end(Sessions::iterator session);

    Sessions m_sessions;
};

}  // namespace easel::api
