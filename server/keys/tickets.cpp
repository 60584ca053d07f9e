// SPDX-License-Identifier: Apache-2.0
#include "server/keys/tickets.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "server/keys/secret.h"
#include "shared/process/files.h"
#include "shared/text/hex.h"

namespace easel::keys {

namespace {

using protocol::Expected;
using std::filesystem::path;

constexpr std::size_t kBytes = 16;
constexpr std::size_t kMost = 100;
constexpr std::size_t kLongest = 64;  // letters of what somebody takes for one

struct Invitation {
    std::int64_t expiresAt = 0;  // milliseconds since 1970 UTC
    protocol::KeyScope scope = protocol::KeyScope::Generate;
};

std::optional<Invitation> read(const path& file) {
    Invitation invitation;
    std::string scope;
    if (!(std::ifstream(file) >> invitation.expiresAt >> scope)) {
        return {};
    }
    const auto known = protocol::keyScopeFrom(scope);
    invitation.scope = known.value_or(protocol::KeyScope::Generate);
    return known ? std::optional(invitation) : std::nullopt;
}

}  // namespace

/// Answers how many are left.
std::size_t Tickets::removeExpired() const {
    std::size_t left = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator it(m_folder, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code ignored;
        const auto invitation = read(it->path());
        if (invitation && invitation->expiresAt > m_now()) {
            ++left;
        } else if (invitation || it->path().extension() != ".part") {
            std::filesystem::remove(it->path(), ignored);
        }
    }
    return left;
}

Expected<std::string> Tickets::issue(protocol::KeyScope scope, std::chrono::milliseconds lifetime) const {
    if (const int error = process::makeFolder(m_folder); error != 0 && error != EEXIST) {
        return tl::unexpected(protocol::internalError("The folder " + m_folder.string() +
                                                      " cannot be made: " + std::strerror(error) + "."));
    }
    if (removeExpired() >= kMost) {
        return tl::unexpected(
            protocol::conflict("A hundred codes wait to be used; the oldest are no longer "
                               "good in a few minutes."));
    }
    std::string ticket = randomText(kBytes);
    const std::string text =
        std::to_string(m_now() + lifetime.count()) + ' ' + std::string(toString(scope)) + '\n';
    const int error = process::writeWhole(m_folder / text::toHex(hashOf(ticket)), text);
    if (error == ENOSPC || error == EDQUOT) {
        return tl::unexpected(protocol::noSpace("The disk with the server's data is full."));
    }
    if (error != 0) {
        return tl::unexpected(
            protocol::internalError(std::string("The code cannot be kept: ") + std::strerror(error) + "."));
    }
    return ticket;
}

Expected<protocol::KeyScope> Tickets::redeem(std::string_view ticket) const {
    if (!ticket.empty() && ticket.size() <= kLongest) {
        const path file = m_folder / text::toHex(hashOf(ticket));
        const auto invitation = read(file);
        std::error_code error;
        // Of several who bring it at the same time one removes it.
        if (invitation && std::filesystem::remove(file, error) && invitation->expiresAt > m_now()) {
            return invitation->scope;
        }
    }
    return tl::unexpected(protocol::ticketInvalid());
}

}  // namespace easel::keys
