// SPDX-License-Identifier: Apache-2.0
#include "server/models/addons.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/file_kind.h"
#include "server/models/files/folder.h"
#include "server/models/lora/lora_facts.h"

namespace easel::models {

namespace {

using protocol::AddonKind;
using std::filesystem::path;

constexpr int kDepth = 4;  // people sort their files into folders
constexpr std::size_t kMost = 20'000;
constexpr std::size_t kNamesInAnError = 3;
constexpr std::array<const char*, 3> kWeights{"adapter_model.safetensors",
                                              "diffusion_pytorch_model.safetensors",
                                              "diffusion_pytorch_model.fp16.safetensors"};

struct Row {
    AddonKind kind;
    FileKind file;
    const char* what;
    std::array<std::string_view, 3> folders;  // in lower case
};
constexpr std::array<Row, 5> kRows{{
    {AddonKind::Lora, FileKind::Lora, "a LoRA", {"loras", "lora", "lycoris"}},
    {AddonKind::Embedding, FileKind::Embedding, "an embedding", {"embeddings", "embedding", ""}},
    {AddonKind::Vae, FileKind::Vae, "a VAE", {"vaes", "vae", ""}},
    {AddonKind::ControlNet, FileKind::ControlNet, "a ControlNet", {"controlnets", "controlnet", ""}},
    {AddonKind::TinyVae, FileKind::TinyVae, "a tiny VAE", {"tiny_vaes", "vae_approx", "vae-approx"}},
}};

std::string inLowerCase(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool isThere(const path& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
}

const Row* rowFor(const path& folder) {
    const std::string name = inLowerCase(folder.filename().string());
    const auto found = std::ranges::find_if(kRows, [&name](const Row& row) {
        return !name.empty() && std::ranges::count(row.folders, name) > 0;
    });
    return found == kRows.end() ? nullptr : &*found;
}

/// Single letters that have to be put in, left out or changed to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

/// The most like `name` first.
std::string nearest(const std::vector<std::string>& names, const std::string& name) {
    const std::string wanted = inLowerCase(name.substr(0, 100));
    std::vector<std::pair<std::size_t, std::string>> sorted;
    for (const std::string& each : names) {
        const std::string other = inLowerCase(each.substr(0, 100));
        const bool isWithin =
            other.find(wanted) != std::string::npos || wanted.find(other) != std::string::npos;
        sorted.emplace_back(isWithin ? 0 : distance(wanted, other), each);
    }
    std::ranges::sort(sorted);
    std::string text;
    for (std::size_t i = 0; i < std::min(sorted.size(), kNamesInAnError); ++i) {
        text += (text.empty() ? "" : ", ") + sorted[i].second;
    }
    return text;
}

/// What `file` is, as an add-on of `row`'s kind.
protocol::AddonInfo read(const Row& row, const std::string& name, const path& place) {
    protocol::AddonInfo info{.kind = row.kind, .name = name};
    const path file = weightsOfAddon(place);
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    info.bytes = error ? 0 : static_cast<std::int64_t>(size);
    const auto nature = classify(file);
    if (!nature) {
        info.why = nature.error().detail;
    } else if (nature->kind != row.file) {
        info.why = fmt::format("{}: This is not {} but {}.", file.string(), row.what,
                               nature->what.empty() ? "something that is not known here" : nature->what);
    } else if (row.kind == AddonKind::Lora) {
        const auto lora = LoraFile::open(file);
        if (!lora) {
            info.why = lora.error().detail;
            return info;
        }
        LoraFacts facts = factsOf(*lora);
        info.title = std::move(facts.title);
        info.family = std::move(facts.family);
        info.rank = facts.rank;
        info.triggers = std::move(facts.triggers);
    }
    return info;
}

class Finder {
public:
    explicit Finder(std::map<std::pair<AddonKind, std::string>, path>& places) : m_places(places) {}

    void in(const path& folder, AddonKind kind, int depth = 0) {
        for (const path& entry : inside(folder)) {
            if (m_places.size() >= kMost) {
                return;
            }
            std::error_code error;
            if (!std::filesystem::is_directory(entry, error)) {
                if (entry.extension() == ".safetensors") {
                    m_places.try_emplace({kind, entry.stem().string()}, entry);
                }
            } else if (!weightsOfAddon(entry).empty()) {
                m_places.try_emplace({kind, entry.filename().string()}, entry);
            } else if (depth < kDepth) {
                in(entry, kind, depth + 1);
            }
        }
    }

private:
    std::map<std::pair<AddonKind, std::string>, path>& m_places;
};

}  // namespace

path weightsOfAddon(const path& place) {
    std::error_code error;
    if (!std::filesystem::is_directory(place, error)) {
        return place;
    }
    for (const char* const name : kWeights) {
        if (isThere(place / name)) {
            return place / name;
        }
    }
    return {};
}

Addons::Addons(std::vector<path> folders, std::chrono::milliseconds lookAgain)
    : m_folders(std::move(folders)), m_lookAgain(lookAgain) {}

void Addons::look(bool isMissing) {
    const auto now = Clock::now();
    if (m_lookedAt && (!isMissing || now - *m_lookedAt < std::chrono::milliseconds(100)) &&
        now - *m_lookedAt < m_lookAgain) {
        return;
    }
    m_lookedAt = now;
    m_places.clear();
    for (const path& folder : m_folders) {
        if (isThere(folder / "model_index.json")) {
            continue;  // a model's own parts
        }
        for (const path& entry : inside(folder)) {
            const Row* const row = rowFor(entry);
            std::error_code error;
            if (row != nullptr && std::filesystem::is_directory(entry, error) &&
                !isThere(entry / "model_index.json")) {
                Finder(m_places).in(entry, row->kind);
            }
        }
    }
}

protocol::Expected<path> Addons::find(AddonKind kind, const std::string& name, const std::string& field) {
    const std::scoped_lock lock(m_mutex);
    for (const bool isMissing : {false, true}) {
        look(isMissing);
        if (const auto found = m_places.find({kind, name}); found != m_places.end()) {
            return found->second;
        }
    }
    std::vector<std::string> names;
    for (const auto& [key, place] : m_places) {
        if (key.first == kind) {
            names.push_back(key.second);
        }
    }
    const Row& row = kRows[static_cast<std::size_t>(kind)];
    return tl::unexpected(protocol::invalidField(
        field,
        names.empty()
            ? fmt::format("There is no \"{}\": the server has no file of this kind. Put {} into the folder "
                          "{} beside the models, or name a folder with --addons.",
                          name, row.what, row.folders.front())
            : fmt::format("There is no \"{}\". The most like it: {}. GET /v1/addons lists all.", name,
                          nearest(names, name))));
}

std::vector<protocol::AddonInfo> Addons::list(std::optional<AddonKind> kind) {
    const std::scoped_lock lock(m_mutex);
    look(false);
    std::vector<protocol::AddonInfo> all;
    for (const auto& [key, place] : m_places) {
        if (kind && key.first != *kind) {
            continue;
        }
        std::error_code error;
        const auto time = std::filesystem::last_write_time(weightsOfAddon(place), error);
        auto known = m_details.find(place);
        if (known == m_details.end() || known->second.time != time) {
            const Row& row = kRows[static_cast<std::size_t>(key.first)];
            known = m_details.insert_or_assign(place, Details{time, read(row, key.second, place)}).first;
        }
        all.push_back(known->second.info);
    }
    return all;
}

}  // namespace easel::models
