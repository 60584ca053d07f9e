// SPDX-License-Identifier: Apache-2.0
#include "server/hub/selection.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "server/hub/problems.h"
#include "server/models/files/json_object.h"
#include "server/models/files/weight_files.h"
#include "server/models/model_index.h"

namespace easel::hub {

namespace {

using models::IndexedPart;
using models::WeightFile;
using protocol::Expected;
using std::filesystem::path;

constexpr std::int64_t kLargestSmallFile = std::int64_t{64} << 20;
constexpr std::int64_t kLargestCard = std::int64_t{4} << 20;

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

bool endsWithOneOf(std::string_view name, std::initializer_list<std::string_view> ends) {
    return std::ranges::any_of(ends, [name](std::string_view end) { return name.ends_with(end); });
}

/// Picks files by their paths.
class Picker {
public:
    explicit Picker(const Repository& repository) : m_repository(repository) {
        for (const RemoteFile& file : repository.files) {
            m_byPath.emplace(file.path, &file);
        }
    }

    const RemoteFile* find(const std::string& name) const {
        const auto found = m_byPath.find(name);
        return found == m_byPath.end() ? nullptr : found->second;
    }

    void take(const RemoteFile& file) {
        if (m_taken.insert(file.path).second) {
            selection.files.push_back(file);
        }
    }

    /// The names of the files that lie in `folder` itself.
    std::vector<std::string> namesIn(const std::string& folder) const {
        std::vector<std::string> names;
        const std::string prefix = folder.empty() ? "" : folder + "/";
        for (const auto& [name, file] : m_byPath) {
            if (name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos) {
                names.push_back(name.substr(prefix.size()));
            }
        }
        return names;
    }

    protocol::Problem lacks(const std::string& name) const {
        return unusable(m_repository.id + " has no " + name + ", without which it cannot be drawn with.");
    }

    const Repository& repository() const { return m_repository; }

    Selection selection;

private:
    const Repository& m_repository;
    std::map<std::string, const RemoteFile*> m_byPath;
    std::set<std::string> m_taken;
};

protocol::Problem noPipeline(const Picker& picker) {
    std::vector<std::string> checkpoints;
    for (const std::string& name : picker.namesIn("")) {
        if (endsWithOneOf(name, {".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf"})) {
            checkpoints.push_back(name);
        }
    }
    const std::string& id = picker.repository().id;
    if (checkpoints.empty()) {
        return unusable(
            id +
            " has no model_index.json, so it is no model in diffusers' layout, which is what is pulled.");
    }
    constexpr std::size_t kShown = 3;
    const bool isSafe = std::ranges::any_of(
        checkpoints, [](const std::string& name) { return endsWithOneOf(name, {".safetensors"}); });
    const std::size_t more = checkpoints.size() - std::min(kShown, checkpoints.size());
    checkpoints.resize(std::min(kShown, checkpoints.size()));
    return unusable(
        id + " holds checkpoints of one file (" + listed(checkpoints) +
        (more > 0 ? " and " + std::to_string(more) + " more" : "") +
        ") and no model_index.json. What is pulled are models in diffusers' layout: look on the hub for the "
        "same model with a model_index.json, or " +
        (isSafe ? "download the .safetensors file from the model's page into a folder that the server's "
                  "--models names; there it is read as it is."
                : "for the file as .safetensors, which a server reads from a folder of its --models."));
}

/// Advice for a part whose weights are only there as pickles.
protocol::Problem withAdvice(protocol::Problem problem) {
    if (problem.detail.find("ickle") != std::string::npos) {
        problem.detail +=
            " On the hub others may have done so: look through the model's pull requests "
            "(--revision refs/pr/NUMBER), or ask https://huggingface.co/spaces/safetensors/convert.";
    }
    return problem;
}

/// The weights to take for `folder`.
Expected<WeightFile> weightsOf(const Picker& picker, const IndexedPart& part, const std::string& variant) {
    const auto naming =
        part.library == "diffusers" ? models::WeightNaming::Diffusers : models::WeightNaming::Transformers;
    const auto names = picker.namesIn(part.name);
    const auto all = models::weightsAmong(part.name, names, naming);
    const auto wanted = std::ranges::find(all, variant, &WeightFile::variant);
    if (wanted != all.end()) {
        return *wanted;
    }
    return models::chooseWeights(path(picker.repository().id) / part.name, names, naming)
        .map([&](WeightFile file) {
            file.path = path(part.name) / file.path.filename();
            return file;
        })
        .map_error(withAdvice);
}

Expected<void> takeShards(Picker& picker, const std::string& index, const TextReader& read) {
    const auto text = read(*picker.find(index));
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto json = models::JsonObject::parse(path(picker.repository().id) / index, *text);
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    const auto map = json->textMap("weight_map");
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    if (map.empty()) {
        return tl::unexpected(
            unusable(picker.repository().id + "/" + index + " names no files with weights."));
    }
    const std::string folder = path(index).parent_path().string() + "/";
    for (const auto& [tensor, name] : map) {
        const RemoteFile* const file = picker.find(folder + name);
        if (file == nullptr || !name.ends_with(".safetensors") || name.find('/') != std::string::npos) {
            return tl::unexpected(picker.lacks(folder + name));
        }
        picker.take(*file);
    }
    return {};
}

Expected<void> takeNetwork(Picker& picker, const IndexedPart& part, const std::string& variant,
                           const TextReader& read) {
    const std::string config = part.name + "/config.json";
    const RemoteFile* const file = picker.find(config);
    if (file == nullptr) {
        return tl::unexpected(picker.lacks(config));
    }
    picker.take(*file);
    const auto weights = weightsOf(picker, part, variant);
    if (!weights) {
        return tl::unexpected(weights.error());
    }
    if (weights->variant != variant) {
        picker.selection.notes.push_back(
            part.name + (variant.empty() ? " has no plain weights; " : " has no variant " + variant + "; ") +
            weights->path.filename().string() + " is taken.");
    }
    const std::string name = weights->path.generic_string();
    picker.take(*picker.find(name));
    return weights->isIndex ? takeShards(picker, name, read) : Expected<void>();
}

/// All that a tokenizer or a scheduler has are small texts.
Expected<void> takeTexts(Picker& picker, const IndexedPart& part) {
    std::size_t taken = 0;
    for (const std::string& name : picker.namesIn(part.name)) {
        const RemoteFile* const file = picker.find(part.name + "/" + name);
        const bool isText = endsWithOneOf(name, {".json", ".txt", ".model"});
        if (isText && file->size <= kLargestSmallFile) {
            picker.take(*file);
            ++taken;
        }
    }
    return taken > 0 ? Expected<void>() : tl::unexpected(picker.lacks("files in " + part.name));
}

void takeCard(Picker& picker) {
    for (const std::string& name : picker.namesIn("")) {
        std::string upper = name.substr(0, name.find('.'));
        std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
        const RemoteFile* const file = picker.find(name);
        const bool saysWhatIsAllowed = upper == "LICENSE" || upper == "LICENCE" || upper == "COPYING" ||
                                       upper == "NOTICE" || name == "README.md" || name == "easel.json";
        if (saysWhatIsAllowed && file->size <= kLargestCard) {
            picker.take(*file);
        }
    }
}

/// No part at all has the variant: that is a mistake rather than a mixture.
std::optional<protocol::Problem> unknownVariant(const Picker& picker, const std::vector<IndexedPart>& parts,
                                                const std::string& variant) {
    if (variant.empty()) {
        return {};
    }
    std::set<std::string> known;
    for (const IndexedPart& part : parts) {
        for (const auto naming : {models::WeightNaming::Diffusers, models::WeightNaming::Transformers}) {
            for (const WeightFile& file :
                 models::weightsAmong(part.name, picker.namesIn(part.name), naming)) {
                known.insert(file.variant.empty() ? "the plain one" : file.variant);
            }
        }
    }
    if (known.contains(variant)) {
        return {};
    }
    const std::string& id = picker.repository().id;
    return protocol::invalidField(
        "variant", id + " has no variant \"" + variant + "\" with safetensors" +
                       (known.empty() ? "." : "; there is: " + listed({known.begin(), known.end()}) + "."));
}

Expected<void> keepOnly(std::vector<IndexedPart>& parts, const std::vector<std::string>& only) {
    if (only.empty()) {
        return {};
    }
    std::vector<std::string> names;
    std::ranges::transform(parts, std::back_inserter(names), &IndexedPart::name);
    for (const std::string& name : only) {
        if (std::ranges::find(names, name) == names.end()) {
            return tl::unexpected(protocol::invalidField(
                "only", "The model has no part \"" + name + "\"; its parts are: " + listed(names) + "."));
        }
    }
    std::erase_if(parts,
                  [&](const IndexedPart& part) { return std::ranges::find(only, part.name) == only.end(); });
    return {};
}

}  // namespace

std::int64_t Selection::bytes() const {
    return std::accumulate(files.begin(), files.end(), std::int64_t{0},
                           [](std::int64_t sum, const RemoteFile& file) { return sum + file.size; });
}

std::vector<RemoteFile> Selection::distinct() const {
    std::vector<RemoteFile> all;
    std::set<std::string> seen;
    for (const RemoteFile& file : files) {
        if (seen.insert(file.blob).second) {
            all.push_back(file);
        }
    }
    return all;
}

Expected<Selection> select(const Repository& repository, const Wish& wish, const TextReader& read) {
    Picker picker(repository);
    const RemoteFile* const index = picker.find("model_index.json");
    if (index == nullptr) {
        return tl::unexpected(noPipeline(picker));
    }
    picker.take(*index);
    const auto text = read(*index);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto known = models::parseModelIndex(path(repository.id) / index->path, *text);
    if (!known) {
        return tl::unexpected(std::move(known.error()));
    }
    std::vector<IndexedPart> parts = std::move(known->parts);
    if (auto kept = keepOnly(parts, wish.only); !kept) {
        return tl::unexpected(std::move(kept.error()));
    }
    if (auto unknown = unknownVariant(picker, parts, wish.variant)) {
        return tl::unexpected(std::move(*unknown));
    }
    for (const IndexedPart& part : parts) {
        const bool isNetwork = part.name != "scheduler" && !part.name.starts_with("tokenizer");
        auto taken = isNetwork ? takeNetwork(picker, part, wish.variant, read) : takeTexts(picker, part);
        if (!taken) {
            return tl::unexpected(std::move(taken.error()));
        }
    }
    takeCard(picker);
    return std::move(picker.selection);
}

}  // namespace easel::hub
