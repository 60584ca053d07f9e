// SPDX-License-Identifier: Apache-2.0
#include "server/commands/doctor_places.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/commands/data_folder.h"
#include "server/models/catalogue.h"
#include "server/models/model_folder.h"
#include "shared/text/sizes.h"

namespace easel::commands {

namespace {

using doctor::Finding;
using doctor::State;
using std::filesystem::path;

/// The folder, or else the nearest one above it that is there.
path nearestOf(path folder) {
    std::error_code error;
    folder = std::filesystem::absolute(folder, error).lexically_normal();
    while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
        folder = folder.parent_path();
    }
    return folder;
}

std::string accountOf(::uid_t user) {
    const passwd* const account = ::getpwuid(user);
    return account != nullptr ? account->pw_name : std::to_string(user);
}

/// Why no file can be made in `folder`; 0: one can. Tried with one that has no name, where the disk knows
/// such.
int errorOfWriting(const path& folder) {
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        return errno;
    }
    const int file = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        return errno == EOPNOTSUPP || errno == EISDIR ? 0 : errno;
    }
    ::close(file);
    return 0;
}

/// The model in `folder`, down to the headers of its weights; its number of numbers.
protocol::Expected<std::int64_t> read(const path& folder) {
    return models::openModelFolder(folder).and_then(models::countWeights);
}

Finding judgeOthers(const path& model, const std::vector<path>& folders, const path& hub) {
    constexpr std::size_t kMostTold = 3;
    models::Places places{.folders = folders, .hubs = {}};
    if (!hub.empty()) {
        places.hubs.push_back(hub);
    }
    models::Catalogue catalogue(std::move(places));
    std::size_t sound = 0;
    std::vector<std::string> broken;
    for (const protocol::ModelInfo& info : catalogue.page(std::numeric_limits<int>::max(), {}).models) {
        const path folder = catalogue.folderOf(info.id);
        std::error_code ignored;
        if (std::filesystem::equivalent(folder, model, ignored)) {
            continue;
        }
        if (const auto numbers = read(folder)) {
            ++sound;
        } else {
            broken.push_back(fmt::format("{}: {}", info.id, numbers.error().detail));
        }
    }
    if (broken.empty()) {
        return {"Other models", sound == 0 ? State::Skipped : State::Right,
                sound == 0 ? "There are none." : fmt::format("{}, all of which can be used.", sound)};
    }
    Finding finding{"Other models", State::Warning,
                    fmt::format("{} can be used, {} cannot.", sound, broken.size())};
    for (std::size_t i = 0; i < std::min(broken.size(), kMostTold); ++i) {
        finding.cure += (i == 0 ? "" : " ") + broken[i];
    }
    if (broken.size() > kMostTold) {
        finding.cure += " \"easel-server models list\" shows the others.";
    }
    return finding;
}

}  // namespace

Finding judgeDataFolder(const path& folder) {
    Finding finding{"Data folder", State::Right, folder.string() + "."};
    const path nearest = nearestOf(folder);
    struct stat status {};
    const bool isThere = nearest == std::filesystem::absolute(folder).lexically_normal();
    if (const auto fits = DataFolder::check(folder); !fits) {
        return {finding.name, State::Wrong, fits.error().detail};
    }
    if (::stat(nearest.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return {finding.name, State::Wrong, fmt::format("{} is no folder.", nearest.string()),
                "Choose another with --data for this and for \"easel-server serve\"."};
    }
    if (const int error = errorOfWriting(nearest); error != 0) {
        return {finding.name, State::Wrong,
                fmt::format("{} cannot be written by this account, {}: {}.", nearest.string(),
                            accountOf(::geteuid()), std::strerror(error)),
                (status.st_uid == ::geteuid()
                     ? "Make it writable"
                     : fmt::format("It belongs to {}: run this as that account", accountOf(status.st_uid))) +
                    ", or choose another folder with --data."};
    }
    if (!isThere) {
        finding.found += " The first server that starts will make it.";
    } else if ((status.st_mode & 077) != 0) {
        finding.state = State::Warning;
        finding.found += fmt::format(" Other accounts may look into it (mode {:o}).", status.st_mode & 0777);
        finding.cure = fmt::format("chmod 700 {}", folder.string());
    } else if (status.st_uid != ::geteuid()) {
        finding.found += fmt::format(" It belongs to {}.", accountOf(status.st_uid));
    }
    return finding;
}

Finding judgeDisk(const path& folder, std::int64_t minFree) {
    constexpr std::int64_t kSome = std::int64_t{1} << 30;
    std::error_code error;
    const auto space = std::filesystem::space(nearestOf(folder), error);
    if (error) {
        return {"Disk", State::Skipped, fmt::format("How much is free cannot be seen: {}.", error.message())};
    }
    const auto free = static_cast<std::int64_t>(space.available);
    Finding finding{"Disk", State::Right,
                    fmt::format("{} are free for jobs and pictures.", text::spelledBytes(free))};
    if (free < minFree + kSome) {
        finding.state = free < minFree ? State::Wrong : State::Warning;
        finding.cure = fmt::format(
            "A server stops accepting jobs below {} (--min-free-mib): free some, or put --data on "
            "another disk.",
            text::spelledBytes(minFree));
    }
    return finding;
}

JudgedModels judgeModels(const path& model, const std::vector<path>& folders, const path& hub) {
    JudgedModels judged;
    if (const auto numbers = read(model)) {
        judged.numbers = *numbers;
        judged.findings.push_back({"Model", State::Right,
                                   fmt::format("{} can be used; its weights have {:.3g} million numbers.",
                                               model.string(), static_cast<double>(*numbers) / 1e6)});
    } else {
        judged.findings.push_back(
            {"Model", State::Wrong, numbers.error().detail,
             "Fetch it again (\"easel-server pull\"), or say another with --model for this and for "
             "\"easel-server serve\"."});
    }
    judged.findings.push_back(judgeOthers(model, folders, hub));
    return judged;
}

}  // namespace easel::commands
