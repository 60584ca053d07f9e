// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/weight_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr std::string_view kFile = ".safetensors";
constexpr std::string_view kIndex = ".index.json";

/// What is left of `name` without its beginning and end; empty when it has not both.
std::optional<std::string_view> between(std::string_view name, std::string_view begin, std::string_view end) {
    if (name.size() < begin.size() + end.size() || !name.starts_with(begin) || !name.ends_with(end)) {
        return std::nullopt;
    }
    return name.substr(begin.size(), name.size() - begin.size() - end.size());
}

/// One of several files of the same weights: "model-00001-of-00002".
bool isShard(std::string_view stem) {
    return stem.find("-of-") != std::string_view::npos;
}

/// What `name` says if it is that of weights: stem.VARIANT.safetensors, or an index in one of the ways in
/// which diffusers has put the variant into its name.
std::optional<WeightFile> readName(std::string_view name, const std::string& stem) {
    const std::string plain = stem + std::string(kFile);
    if (name == plain || name == plain + std::string(kIndex)) {
        return WeightFile{name, name != plain, {}};
    }
    for (const auto& [variant, isIndex] :
         {std::pair{between(name, plain + ".index.", ".json"), true},
          {between(name, plain + ".", kIndex), true},
          {between(name, stem + ".", std::string(kFile) + std::string(kIndex)), true},
          {between(name, stem + ".", kFile), false}}) {
        if (variant && !variant->empty() && !isShard(*variant)) {
            return WeightFile{name, isIndex, std::string(*variant)};
        }
    }
    return std::nullopt;
}

std::string stemOf(WeightNaming naming) {
    return naming == WeightNaming::Diffusers ? "diffusion_pytorch_model" : "model";
}

std::vector<std::string> namesIn(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        if (it->path().filename() != "config.json") {
            names.push_back(it->path().filename().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
        text += (text.empty() ? "" : ", ") + names[i];
    }
    return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

protocol::Problem nothingIn(const std::filesystem::path& folder, const std::string& stem,
                            const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        for (const std::string_view end : {".bin", ".ckpt", ".pt", ".pth"}) {
            if (name.ends_with(end)) {
                return modelProblem(
                    folder / name,
                    "Only this pickle file holds the weights. Pickle files can run code, so they "
                    "are not read; get the model's safetensors files or convert it.");
            }
        }
    }
    return modelProblem(folder, fmt::format("There are no weights: {}{} is missing{}.", stem, kFile,
                                            names.empty() ? "" : "; there is: " + listed(names)));
}

}  // namespace

std::vector<WeightFile> weightsAmong(const std::filesystem::path& folder,
                                     const std::vector<std::string>& names, WeightNaming naming) {
    std::map<std::string, WeightFile> variants;
    for (const std::string& name : names) {
        if (auto found = readName(name, stemOf(naming))) {
            found->path = folder / found->path;
            const auto known = variants.find(found->variant);
            if (known == variants.end() || !found->isIndex) {
                variants.insert_or_assign(found->variant, std::move(*found));
            }
        }
    }
    std::vector<WeightFile> all;
    all.reserve(variants.size());
    for (auto& [variant, file] : variants) {
        all.push_back(std::move(file));
    }
    return all;
}

protocol::Expected<WeightFile> findWeights(const std::filesystem::path& folder, WeightNaming naming) {
    return chooseWeights(folder, namesIn(folder), naming);
}

protocol::Expected<WeightFile> chooseWeights(const std::filesystem::path& folder,
                                             const std::vector<std::string>& names, WeightNaming naming) {
    const std::string stem = stemOf(naming);
    const auto variants = weightsAmong(folder, names, naming);
    if (variants.empty()) {
        return tl::unexpected(nothingIn(folder, stem, names));
    }
    for (const char* const best : {"", "fp32", "fp16", "bf16"}) {
        if (const auto found = std::ranges::find(variants, best, &WeightFile::variant);
            found != variants.end()) {
            return *found;
        }
    }
    if (variants.size() > 1) {
        std::vector<std::string> files;
        files.reserve(variants.size());
        for (const WeightFile& file : variants) {
            files.push_back(file.path.filename().string());
        }
        return tl::unexpected(modelProblem(
            folder, fmt::format("There are several weights: {}. Give the one to be used the name {}{}.",
                                listed(files), stem, kFile)));
    }
    return variants.front();
}

}  // namespace easel::models
