// SPDX-License-Identifier: Apache-2.0
#include "server/models/embedding_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/file_kind.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr std::string_view kNames[] = {"clip_l", "clip_g"};  // of SDXL's two, in the model's order

const TensorEntry* find(const SafetensorsFile& file, std::string_view name) {
    const auto found = std::ranges::find(file.tensors(), name, &TensorEntry::name);
    return found == file.tensors().end() ? nullptr : &*found;
}

/// A single vector may stand there as such.
std::vector<std::int64_t> shapeOf(const TensorEntry& entry) {
    return entry.shape.size() == 1 ? std::vector{std::int64_t{1}, entry.shape.front()} : entry.shape;
}

std::string listed(std::span<const std::int64_t> widths) {
    std::string text;
    for (const std::int64_t width : widths) {
        text += (text.empty() ? "" : " and ") + std::to_string(width);
    }
    return text;
}

}  // namespace

protocol::Expected<EmbeddingFile> openEmbedding(const std::filesystem::path& file,
                                                std::span<const int> widths) {
    if (isPickleName(file)) {
        return tl::unexpected(pickleProblem(file));
    }
    auto opened = SafetensorsFile::open(file);
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    const auto fail = [&file](const std::string& what) { return tl::unexpected(modelProblem(file, what)); };
    EmbeddingFile embedding{std::make_shared<const SafetensorsFile>(std::move(*opened)), {}};
    std::vector<const TensorEntry*> found;
    if (embedding.map->tensors().size() == 1) {
        found.push_back(&embedding.map->tensors().front());
    } else {
        for (const std::string_view name : kNames) {
            const TensorEntry* const entry = find(*embedding.map, name);
            if (!entry || embedding.map->tensors().size() != std::size(kNames)) {
                return fail("This is no textual inversion: that has one tensor, or clip_l and clip_g.");
            }
            found.push_back(entry);
        }
    }
    std::vector<std::int64_t> there;
    for (const TensorEntry* const entry : found) {
        const auto shape = shapeOf(*entry);
        if (shape.size() != 2 || shape[0] < 1 || shape[0] != shapeOf(*found.front())[0]) {
            return fail(fmt::format("The tensor {} is no list of as many vectors as there are in the others.",
                                    entry->name));
        }
        there.push_back(shape[1]);
    }
    // A model with the second of SDXL's encoders alone, its refiner, takes what is for that.
    if (found.size() == 2 && widths.size() == 1 && there[0] != widths[0]) {
        found.erase(found.begin());
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        TensorEntry& entry = embedding.vectors.emplace_back(*found[i]);
        entry.shape = shapeOf(entry);
        if (found.size() != widths.size() || entry.shape[1] != widths[i]) {
            return fail(
                fmt::format("Its vectors are {} wide, and those of this model's text encoder{} {}: it was "
                            "made for another family of models.",
                            listed(there), widths.size() == 1 ? "" : "s",
                            listed(std::vector<std::int64_t>(widths.begin(), widths.end()))));
        }
    }
    return embedding;
}

}  // namespace easel::models
