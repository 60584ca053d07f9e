// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/models/model_folder.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::models {

/// Where models are looked for.
struct Places {
    /// Each a model, which is a folder in diffusers' layout or a checkpoint's file, or a folder of such.
    std::vector<std::filesystem::path> folders;
    /// Caches of the Hugging Face hub: models--OWNER--NAME/snapshots/REVISION. Their models are called
    /// OWNER/NAME.
    std::vector<std::filesystem::path> hubs;
};

/// The models on the disk, by their ids. What a model's files say is read when it is asked for, and again
/// when they have changed; what comes and goes is found by itself. From any thread.
class Catalogue {
public:
    using Clock = std::chrono::steady_clock;

    /// Models come in the order of `places`, then by name. Of two with one id the first stays.
    explicit Catalogue(Places places, std::chrono::milliseconds lookAgain = std::chrono::seconds(5));

    /// Errors: 422 with the field `model` when there is none such, else what is wrong with its files.
    protocol::Expected<ModelFolder> find(const std::string& id);
    /// As page() has it; nothing when there is none such.
    std::optional<protocol::ModelInfo> describe(const std::string& id);
    /// Where it lies, whether it can be used or not; empty when there is none such.
    std::filesystem::path folderOf(const std::string& id);
    /// How many numbers its weights have; 0 when it cannot be used.
    std::int64_t weights(const std::string& id);
    /// At most `limit` of them from after `after` on, which is a former page's `next`; those that cannot be
    /// used are told as failed, with the reason.
    protocol::ModelPage page(std::size_t limit, const std::optional<std::string>& after);
    /// Something was put there or taken away: what is asked next looks again.
    void lookAgain();
    /// Places that hold no model, and models that lie behind another with the same id.
    std::vector<protocol::Problem> problems();

private:
    struct Entry {
        std::string id;
        std::filesystem::path folder;
        bool isInHub = false;  // in a cache of the hub's
    };
    struct Details {
        std::string times;  // of the files that were read
        protocol::Expected<ModelFolder> model;
        std::optional<std::int64_t> weights;
    };

    void look(bool isMissing);
    void addAll(const std::vector<Entry>& found);
    const Entry* entry(const std::string& id);
    Details& details(const Entry& entry);
    protocol::ModelInfo describe(const Entry& entry);

    const Places m_places;
    const std::chrono::milliseconds m_lookAgain;

    std::mutex m_mutex;
    std::optional<Clock::time_point> m_lookedAt;
    std::vector<Entry> m_entries;
    std::map<std::string, std::size_t, std::less<>> m_byId;
    std::vector<protocol::Problem> m_problems;
    std::map<std::filesystem::path, Details> m_details;
};

}  // namespace easel::models
