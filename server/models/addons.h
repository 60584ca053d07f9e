// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/addon_info.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What can be added to models, by its kind and name: files and folders beside them. What a file says is read
/// when the list is asked for, and again when it has changed; what comes and goes is found by itself. From
/// any thread.
class Addons {
public:
    using Clock = std::chrono::steady_clock;

    /// Each of `folders` holds a folder for each kind, under the names that people have for them: "loras" or
    /// "Lora", "embeddings", "vaes" or "VAE", "controlnets" or "ControlNet", "tiny_vaes" or "VAE-approx". Of
    /// two with one kind and name the first stays.
    explicit Addons(std::vector<std::filesystem::path> folders,
                    std::chrono::milliseconds lookAgain = std::chrono::seconds(5));

    /// Where it lies: a file, or the folder that holds it. Errors: 422 with `field`, and the names that are
    /// the most like it.
    protocol::Expected<std::filesystem::path> find(protocol::AddonKind kind, const std::string& name,
                                                   const std::string& field);
    /// By kind, then by name; those that cannot be used tell why.
    std::vector<protocol::AddonInfo> list(std::optional<protocol::AddonKind> kind = {});

private:
    using Key = std::pair<protocol::AddonKind, std::string>;
    struct Details {
        std::filesystem::file_time_type time;
        protocol::AddonInfo info;
    };

    void look(bool isMissing);

    const std::vector<std::filesystem::path> m_folders;
    const std::chrono::milliseconds m_lookAgain;

    std::mutex m_mutex;
    std::optional<Clock::time_point> m_lookedAt;
    std::map<Key, std::filesystem::path> m_places;
    std::map<std::filesystem::path, Details> m_details;
};

/// The file with the weights of an add-on that lies at `place`, which may be a folder.
std::filesystem::path weightsOfAddon(const std::filesystem::path& place);

}  // namespace easel::models
