// SPDX-License-Identifier: Apache-2.0
#include "server/api/door.h"

#include <algorithm>
#include <utility>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/credentials.h"
#include "server/api/html.h"
#include "server/http/target.h"

namespace easel::api {

using http::Caller;
using http::Request;
using http::Response;

namespace {

constexpr const char* kLogin = "/login";

/// The address without scheme and host, as it can stand in a field of a query.
std::string addressOf(const Request& request) {
    std::string address = http::percentEncode(request.path);
    char joint = '?';
    for (const auto& [name, value] : request.query) {
        address += joint + http::percentEncode(name) + '=' + http::percentEncode(value);
        joint = '&';
    }
    for (std::size_t at = address.find("%2F"); at != std::string::npos; at = address.find("%2F", at)) {
        address.replace(at, 3, "/");
    }
    return address;
}

/// For a person, who can log in, the way there; it leads back. For a program what is wrong.
Response refusal(const Request& head, const protocol::Problem& problem) {
    const bool isLooking = head.method == "GET" || head.method == "HEAD";
    if (isLooking && isForAPerson(head) && !head.headers.find("Authorization")) {
        const bool isHome = head.path == "/" && head.query.empty();
        return redirectTo(head.base + kLogin +
                          (isHome ? "" : "?next=" + http::percentEncode(addressOf(head))));
    }
    Response response = problemResponse(problem);
    response.headers.set("Vary", "Accept, Authorization, Cookie");
    if (problem.status == 401) {
        // Not Basic, though it is taken: a browser would ask in a window of its own, and then send what it
        // was told along with whatever other pages make it ask for.
        response.headers.set("WWW-Authenticate", "Bearer realm=\"Easel\"");
    }
    return response;
}

}  // namespace

Door::Door(std::unique_ptr<keys::KeyStore> keys, DoorOptions options)
    : m_options(std::move(options)),
      m_isLocked(m_options.isLocked || keys->hasLiving()),
      m_keys(std::move(keys)) {
    m_keys->watch([this] { onKeysChanged(); });
}

bool Door::isLocked() const {
    const std::scoped_lock lock(m_mutex);
    return m_isLocked;
}

tl::expected<Caller, Response> Door::admitAnybody(const Request& head) const {
    if (hasKeyInAddress(head)) {
        return tl::unexpected(problemResponse(protocol::malformed(
            "A key must not stand in an address, where browsers, proxies and logs keep it. Send it as "
            "\"Authorization: Bearer KEY\", and revoke this one if others may have seen it.")));
    }
    return Caller{};
}

tl::expected<Caller, Response> Door::admit(const Request& head) {
    auto anybody = admitAnybody(head);
    if (!anybody) {
        return anybody;
    }
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_isLocked) {
            anybody->leave = m_everybody;
            return anybody;
        }
    }
    if (auto caller = callerOf(head)) {
        return std::move(*caller);
    }
    if (head.headers.find("Authorization")) {
        return tl::unexpected(refusal(head, wrongKey(head.peer)));
    }
    return tl::unexpected(refusal(
        head,
        protocol::keyNeeded("This server needs a key. Send it as \"Authorization: Bearer KEY\", or as the "
                            "password of Basic. \"easel-server keys create NAME\" makes one.")));
}

std::optional<Caller> Door::callerOf(const Request& head) {
    // A proxy may have a password of its own in the same field, so the cookie counts beside it.
    if (const auto shown = keyShown(head)) {
        if (const auto key = m_keys->recognise(*shown)) {
            return callerWith(*key);
        }
    }
    return callerInSession(head);
}

std::optional<Caller> Door::callerWith(const keys::Key& key) {
    const std::scoped_lock lock(m_mutex);
    std::shared_ptr<http::Leave>& leave = m_leaves[key.id];
    if (!leave) {
        leave = std::make_shared<http::Leave>();
    }
    // Asked once the leave can be found: whoever revokes the key from here on takes it back.
    if (!m_keys->findLiving(key.id)) {
        m_leaves.erase(key.id);
        return {};
    }
    return Caller{callerName(key.id), key.name, key.scope == protocol::KeyScope::Admin, false, leave};
}

std::optional<Caller> Door::callerInSession(const Request& head) {
    for (const std::string& id : cookies(head, m_options.cookie)) {
        const std::scoped_lock lock(m_mutex);
        const auto* const session = m_sessions.find(id, m_options.now());
        const auto key = session != nullptr ? m_keys->findLiving(session->key) : std::nullopt;
        if (key) {
            m_keys->noteUse(key->id);
            return Caller{callerName(key->id), key->name, key->scope == protocol::KeyScope::Admin, true,
                          session->leave};
        }
    }
    return {};
}

protocol::Problem Door::wrongKey(const std::string& address) {
    const std::scoped_lock lock(m_mutex);
    const auto wait = m_wrong.count(address, m_options.now());
    return wait ? protocol::tooManyWrongKeys(*wait)
                : protocol::keyNeeded("This key is not known here, or was revoked.");
}

protocol::Expected<void> Door::admitJob(const Request& request) {
    const auto id = keyOf(request);
    const auto key = id ? m_keys->findLiving(*id) : std::nullopt;
    if (!key || !key->jobsPerMinute) {
        return {};
    }
    const std::scoped_lock lock(m_mutex);
    if (const auto wait = m_rates.count(*id, *key->jobsPerMinute, m_options.now())) {
        return tl::unexpected(protocol::rateExceeded(*key->jobsPerMinute, *wait));
    }
    return {};
}

protocol::Expected<keys::KeyStore::Made> Door::pair(const protocol::PairingRequest& request) {
    if (auto problem = keys::KeyStore::wrongName(request.name)) {
        return tl::unexpected(std::move(*problem));  // before the ticket is used up
    }
    return keys::Tickets(m_options.tickets).redeem(request.ticket).and_then([&](protocol::KeyScope scope) {
        const auto living = m_keys->living();
        std::string name = request.name;
        for (int number = 2; std::ranges::find(living, name, &keys::Key::name) != living.end(); ++number) {
            name = request.name + ' ' + std::to_string(number);
        }
        return m_keys->create(name, scope);
    });
}

protocol::Expected<std::string> Door::logIn(const Request& request, std::string_view secret) {
    const auto key = m_keys->recognise(secret);
    if (!key) {
        return tl::unexpected(wrongKey(request.peer));
    }
    const std::scoped_lock lock(m_mutex);
    const std::string id = m_sessions.begin(key->id, m_options.now());
    if (!m_keys->findLiving(key->id)) {
        m_sessions.end(id);
        return tl::unexpected(protocol::keyNeeded("This key was revoked just now."));
    }
    return cookie(request, id, LoginSessions::kLongest);
}

std::string Door::logOut(const Request& request) {
    const std::scoped_lock lock(m_mutex);
    for (const std::string& id : cookies(request, m_options.cookie)) {
        m_sessions.end(id);
    }
    return cookie(request, "", std::chrono::seconds(0));
}

void Door::onKeysChanged() {
    const std::scoped_lock lock(m_mutex);
    if (!m_isLocked && m_keys->hasLiving()) {
        m_isLocked = true;
        m_everybody->takeBack();
    }
    const auto stays = [this](const std::string& id) { return m_keys->findLiving(id).has_value(); };
    m_sessions.endUnless(stays);
    m_rates.forgetUnless(stays);
    std::erase_if(m_leaves, [&](const auto& entry) {
        if (stays(entry.first)) {
            return false;
        }
        entry.second->takeBack();
        return true;
    });
}

std::string Door::cookie(const Request& request, std::string_view value, std::chrono::seconds lasts) const {
    std::string text = m_options.cookie + '=';
    text.append(value).append("; Path=" + request.base + "/; HttpOnly; SameSite=Strict; Max-Age=");
    text += std::to_string(lasts.count());
    return request.isSecure ? text + "; Secure" : text;
}

}  // namespace easel::api
