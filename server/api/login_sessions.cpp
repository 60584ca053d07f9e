// SPDX-License-Identifier: Apache-2.0
#include "server/api/login_sessions.h"

#include <algorithm>

namespace easel::api {

namespace {

constexpr std::size_t kIdBytes = 32;

}  // namespace

std::string LoginSessions::begin(const std::string& key, Time now) {
    for (auto session = m_sessions.begin(); session != m_sessions.end();) {
        session = now - session->second.began >= kLongest ? end(session) : std::next(session);
    }
    if (m_sessions.size() >= kMost) {
        end(std::ranges::min_element(m_sessions, {}, [](const auto& each) { return each.second.began; }));
    }
    std::string id = keys::randomText(kIdBytes);
    m_sessions[keys::hashOf(id)] = {key, now, std::make_shared<http::Leave>()};
    return id;
}

const LoginSessions::Session* LoginSessions::find(const std::string& id, Time now) {
    const auto found = m_sessions.find(keys::hashOf(id));
    if (found == m_sessions.end()) {
        return nullptr;
    }
    if (now - found->second.began >= kLongest) {
        end(found);
        return nullptr;
    }
    return &found->second;
}

void LoginSessions::end(const std::string& id) {
    if (const auto found = m_sessions.find(keys::hashOf(id)); found != m_sessions.end()) {
        end(found);
    }
}

void LoginSessions::endUnless(const std::function<bool(const std::string& key)>& stays) {
    for (auto session = m_sessions.begin(); session != m_sessions.end();) {
        session = stays(session->second.key) ? std::next(session) : end(session);
    }
}

LoginSessions::Sessions::iterator LoginSessions::end(Sessions::iterator session) {
    session->second.leave->takeBack();
    return m_sessions.erase(session);
}

}  // namespace easel::api
