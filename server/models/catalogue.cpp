// SPDX-License-Identifier: Apache-2.0
#include "server/models/catalogue.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/checkpoint.h"
#include "server/models/files/folder.h"
#include "server/models/files/json_object.h"
#include "server/models/files/model_problem.h"
#include "server/models/files/text_file.h"
#include "shared/protocol/validation.h"

namespace easel::models {

namespace {

using std::filesystem::path;

constexpr std::size_t kIdsInAnError = 10;
constexpr std::string_view kHubPrefix = "models--";

/// By its name alone. Pickle files of that name are told, so that nobody wonders where they are.
bool isCheckpoint(const path& place) {
    std::error_code error;
    return (place.extension() == ".safetensors" || place.extension() == ".ckpt") &&
           std::filesystem::is_regular_file(place, error);
}

bool isModel(const path& place) {
    std::error_code error;
    return isCheckpoint(place) || std::filesystem::exists(place / "model_index.json", error);
}

/// A model may call itself otherwise than its folder or file.
std::string idOf(const path& place) {
    const bool isFile = isCheckpoint(place);
    std::string name =
        isFile ? place.stem().string() : (place / ".").lexically_normal().parent_path().filename().string();
    const path own = isFile ? notesFileOf(place) : place / "easel.json";
    std::error_code error;
    if (!std::filesystem::exists(own, error)) {
        return name;
    }
    auto json = JsonObject::read(own);
    return json ? json->text("id", name) : name;
}

/// OWNER/NAME of models--OWNER--NAME; empty for what is none.
std::string hubId(const path& folder) {
    std::string name = folder.filename().string();
    if (!name.starts_with(kHubPrefix)) {
        return {};
    }
    name.erase(0, kHubPrefix.size());
    if (const auto dashes = name.find("--"); dashes != std::string::npos) {
        name.replace(dashes, 2, "/");
    }
    return name;
}

/// The snapshot that the main branch stands for, or else the one that there is.
path snapshotIn(const path& folder) {
    constexpr std::size_t kLongest = 256;
    std::string revision = readTextFile(folder / "refs" / "main", kLongest).value_or("");
    revision.erase(std::min(revision.find_first_of(" \t\r\n"), revision.size()));
    if (!revision.empty() && revision.find('/') == std::string::npos &&
        isModel(folder / "snapshots" / revision)) {
        return folder / "snapshots" / revision;
    }
    auto all = inside(folder / "snapshots");
    std::erase_if(all, [](const path& snapshot) { return !isModel(snapshot); });
    return all.size() == 1 ? all.front() : path();
}

std::string timeOf(const path& file) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(file, error);
    return (error ? "-" : std::to_string(time.time_since_epoch().count())) + ' ';
}

/// When the files were changed that say what a model is.
std::string timesOf(const path& place) {
    if (isCheckpoint(place)) {
        const auto notes = readCheckpointNotes(place).value_or(CheckpointNotes());
        return timeOf(place) + timeOf(notesFileOf(place)) + timeOf(notes.vae) + timeOf(notes.base);
    }
    std::string times;
    for (const char* file :
         {"model_index.json", "easel.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
          "text_encoder_2/config.json", "tokenizer/tokenizer_config.json", "tokenizer/tokenizer.json",
          "tokenizer_2/tokenizer_config.json", "tokenizer_2/tokenizer.json", "unet", "unet/config.json",
          "vae", "vae/config.json"}) {
        times += timeOf(place / file);
    }
    return times;
}

std::int64_t bytesOfWeights(const path& folder) {
    if (isCheckpoint(folder)) {
        std::error_code error;
        const auto size = std::filesystem::file_size(folder, error);
        return error ? 0 : static_cast<std::int64_t>(size);
    }
    std::int64_t bytes = 0;
    for (const char* part : {"text_encoder", "text_encoder_2", "unet", "vae"}) {
        for (const path& file : inside(folder / part)) {
            std::error_code error;
            const auto size =
                file.extension() == ".safetensors" ? std::filesystem::file_size(file, error) : 0;
            bytes += error ? 0 : static_cast<std::int64_t>(size);
        }
    }
    return bytes;
}

}  // namespace

Catalogue::Catalogue(Places places, std::chrono::milliseconds lookAgain)
    : m_places(std::move(places)), m_lookAgain(lookAgain) {}

protocol::Expected<ModelFolder> Catalogue::find(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const Entry* const found = entry(id);
    if (found == nullptr) {
        std::vector<std::string> some;
        for (std::size_t i = 0; i < std::min(m_entries.size(), kIdsInAnError); ++i) {
            some.push_back(m_entries[i].id);
        }
        return tl::unexpected(protocol::noSuchModel(id, some));
    }
    auto model = details(*found).model;
    if (model) {
        model->info = describe(*found);
    }
    return model;
}

std::optional<protocol::ModelInfo> Catalogue::describe(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const Entry* const found = entry(id);
    return found != nullptr ? std::optional(describe(*found)) : std::nullopt;
}

path Catalogue::folderOf(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const Entry* const found = entry(id);
    return found != nullptr ? found->folder : path();
}

std::int64_t Catalogue::weights(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const Entry* const found = entry(id);
    if (found == nullptr) {
        return 0;
    }
    Details& known = details(*found);
    if (!known.weights && known.model) {
        known.weights = countWeights(*known.model).value_or(0);
    }
    return known.weights.value_or(0);
}

protocol::ModelPage Catalogue::page(std::size_t limit, const std::optional<std::string>& after) {
    const std::scoped_lock lock(m_mutex);
    look(false);
    std::size_t begin = 0;
    if (after) {
        const auto found = m_byId.find(*after);
        begin = found != m_byId.end() ? found->second + 1 : m_entries.size();
    }
    const std::size_t end = begin + std::min(limit, m_entries.size() - begin);
    protocol::ModelPage page;
    for (std::size_t i = begin; i < end; ++i) {
        page.models.push_back(describe(m_entries[i]));
    }
    if (end < m_entries.size() && !page.models.empty()) {
        page.next = page.models.back().id;
    }
    return page;
}

void Catalogue::lookAgain() {
    const std::scoped_lock lock(m_mutex);
    m_lookedAt.reset();
}

std::vector<protocol::Problem> Catalogue::problems() {
    const std::scoped_lock lock(m_mutex);
    look(false);
    return m_problems;
}

/// Looks what is there, if that was not done just now.
void Catalogue::look(bool isMissing) {
    const auto now = Clock::now();
    // Somebody may ask for what is not there all the time.
    const auto pause = isMissing ? m_lookAgain / 5 : m_lookAgain;
    if (m_lookedAt && now - *m_lookedAt < pause) {
        return;
    }
    m_lookedAt = now;
    m_entries.clear();
    m_byId.clear();
    m_problems.clear();
    for (const path& place : m_places.folders) {
        std::vector<Entry> found;
        for (const path& each : isModel(place) ? std::vector{place} : inside(place)) {
            if (isModel(each)) {
                found.push_back({idOf(each), each});
            }
        }
        if (found.empty()) {
            m_problems.push_back(modelProblem(place, "There is no model here."));
        }
        addAll(found);
    }
    for (const path& hub : m_places.hubs) {
        std::vector<Entry> found;
        for (const path& folder : inside(hub)) {
            const std::string id = hubId(folder);
            if (const path snapshot = id.empty() ? path() : snapshotIn(folder); !snapshot.empty()) {
                found.push_back({id, snapshot, true});
            }
        }
        addAll(found);
    }
    std::set<path> folders;
    for (const Entry& each : m_entries) {
        folders.insert(each.folder);
    }
    std::erase_if(m_details, [&folders](const auto& known) { return !folders.contains(known.first); });
}

void Catalogue::addAll(const std::vector<Entry>& found) {
    for (const Entry& each : found) {
        const auto [place, isNew] = m_byId.try_emplace(each.id, m_entries.size());
        if (isNew) {
            m_entries.push_back(each);
        } else if (m_entries[place->second].folder != each.folder) {
            m_problems.push_back(
                modelProblem(each.folder, fmt::format("Another model has the same name: {}.",
                                                      m_entries[place->second].folder.string())));
        }
    }
}

const Catalogue::Entry* Catalogue::entry(const std::string& id) {
    look(false);
    auto found = m_byId.find(id);
    if (found == m_byId.end()) {
        look(true);
        found = m_byId.find(id);
    }
    return found == m_byId.end() ? nullptr : &m_entries[found->second];
}

Catalogue::Details& Catalogue::details(const Entry& entry) {
    std::string times = timesOf(entry.folder);
    const auto known = m_details.find(entry.folder);
    if (known != m_details.end() && known->second.times == times) {
        return known->second;
    }
    Details read{std::move(times), openModelFolder(entry.folder), {}};
    return m_details.insert_or_assign(entry.folder, std::move(read)).first->second;
}

protocol::ModelInfo Catalogue::describe(const Entry& entry) {
    const auto& model = details(entry).model;
    protocol::ModelInfo info;
    if (model) {
        info = model->info;
        info.family = toString(model->family);
        if (info.title == entry.folder.filename().string()) {
            info.title = entry.id;
        }
    } else {
        info.title = entry.id;
        info.state = protocol::ModelState::Failed;
        info.why = model.error().detail;
    }
    info.id = entry.id;
    info.bytes = bytesOfWeights(entry.folder);
    info.isPulled = entry.isInHub;
    return info;
}

}  // namespace easel::models
