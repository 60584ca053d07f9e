// SPDX-License-Identifier: Apache-2.0
#include "server/commands/ownership.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <spdlog/fmt/fmt.h>

namespace easel::commands {

namespace {

using protocol::Expected;

struct Owner {
    ::uid_t user = 0;
    ::gid_t group = 0;
};

std::optional<Owner> ownerOf(std::filesystem::path place) {
    std::error_code ignored;
    for (place = std::filesystem::absolute(place, ignored); !place.empty(); place = place.parent_path()) {
        struct ::stat found {};
        if (::stat(place.c_str(), &found) == 0) {
            return Owner{found.st_uid, found.st_gid};
        }
        if (place == place.root_path()) {
            break;
        }
    }
    return std::nullopt;
}

}  // namespace

Expected<void> becomeOwnerOf(const std::filesystem::path& folder) {
    if (::geteuid() != 0) {
        return {};
    }
    const auto owner = ownerOf(folder);
    if (!owner || owner->user == 0) {
        return {};
    }
    const passwd* const account = ::getpwuid(owner->user);
    const ::gid_t group = account != nullptr ? account->pw_gid : owner->group;
    // The groups first: without root's rights they cannot be given up.
    const int joined = account != nullptr ? ::initgroups(account->pw_name, group) : ::setgroups(0, nullptr);
    if (joined != 0 || ::setgid(group) != 0 || ::setuid(owner->user) != 0) {
        return tl::unexpected(protocol::internalError(
            fmt::format("{} belongs to another account ({}), which cannot be taken on: {}.", folder.string(),
                        owner->user, std::strerror(errno))));
    }
    if (account != nullptr) {
        ::setenv("HOME", account->pw_dir, 1);
    } else {
        ::unsetenv("HOME");
    }
    return {};
}

}  // namespace easel::commands
