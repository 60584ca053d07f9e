// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "server/api/job_rates.h"
#include "server/api/login_sessions.h"
#include "server/api/wrong_keys.h"
#include "server/http/gate.h"
#include "server/http/leave.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/keys/key_store.h"
#include "server/keys/tickets.h"
#include "shared/protocol/key_info.h"
#include "shared/protocol/problem.h"

namespace easel::api {

struct DoorOptions {
    bool isLocked = false;                 ///< from the beginning, even while there is no key
    std::filesystem::path tickets = {};    ///< see keys::Tickets
    std::string cookie = "easel-session";  ///< its name; servers at one address need several
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// Lets in who shows a key that is living. Open to everybody until there is a first key; from then on locked
/// for as long as it lives, also when the last key is revoked. Safe to use from any thread.
class Door {
public:
    Door(std::unique_ptr<keys::KeyStore> keys, DoorOptions options);
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    keys::KeyStore& keys() { return *m_keys; }
    bool isLocked() const;

    /// Who asks, or the refusal: 400 with a key in the address, 401, 429, or for a person the way to the
    /// login.
    tl::expected<http::Caller, http::Response> admit(const http::Request& head);
    /// The same for what everybody may see.
    tl::expected<http::Caller, http::Response> admitAnybody(const http::Request& head) const;

    /// Counts a job that `request` hands in. Errors: 429, its key has handed in as many as it may.
    protocol::Expected<void> admitJob(const http::Request& request);

    /// A key of its own for a device that brings a ticket. Where another has the device's name, it gets a
    /// number. Errors: 410: the ticket; 422: the name; noSpace, internalError.
    protocol::Expected<keys::KeyStore::Made> pair(const protocol::PairingRequest& request);

    /// The value of Set-Cookie for who shows a right key. Errors: 401, 429.
    protocol::Expected<std::string> logIn(const http::Request& request, std::string_view secret);
    /// Ends the session that the request belongs to, if any; the value of Set-Cookie for that.
    std::string logOut(const http::Request& request);

private:
    std::optional<http::Caller> callerOf(const http::Request& head);
    std::optional<http::Caller> callerWith(const keys::Key& key);
    std::optional<http::Caller> callerInSession(const http::Request& head);
    protocol::Problem wrongKey(const std::string& address);
    void onKeysChanged();
    std::string cookie(const http::Request& request, std::string_view value,
                       std::chrono::seconds lasts) const;

    const DoorOptions m_options;
    mutable std::mutex m_mutex;
    bool m_isLocked = false;
    std::shared_ptr<http::Leave> m_everybody = std::make_shared<http::Leave>();  // while it is open
    std::map<std::string, std::shared_ptr<http::Leave>> m_leaves;                // by the key's id
    LoginSessions m_sessions;
    WrongKeys m_wrong;
    JobRates m_rates;
    const std::unique_ptr<keys::KeyStore> m_keys;  // goes first: it tells of changes
};

}  // namespace easel::api
