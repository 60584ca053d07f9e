// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/tensor_source.h"

#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/json_object.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

/// A shard lies beside its index: nothing that could lead elsewhere is a shard's name.
bool isBareFileName(const std::string& name) {
    return name.ends_with(".safetensors") && name.front() != '.' &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

}  // namespace

protocol::Expected<TensorSource> TensorSource::open(const std::filesystem::path& folder,
                                                    WeightNaming naming) {
    const auto found = findWeights(folder, naming);
    if (!found) {
        return tl::unexpected(found.error());
    }
    TensorSource source;
    source.m_folder = folder;
    if (!found->variant.empty()) {
        source.m_note = fmt::format("{}: These are the weights; there are none without \"{}\" in their name.",
                                    found->path.string(), found->variant);
    }
    if (const auto opened = found->isIndex ? source.addShards(found->path) : source.add(found->path);
        !opened) {
        return tl::unexpected(opened.error());
    }
    return source;
}

protocol::Expected<TensorSource> TensorSource::of(std::shared_ptr<const SafetensorsFile> file,
                                                  std::vector<TensorEntry> tensors) {
    TensorSource source;
    source.m_folder = file->path();
    auto path = file->path();
    return source.add({std::move(path), std::move(file), std::move(tensors)}).map([&source] {
        return std::move(source);
    });
}

protocol::Expected<void> TensorSource::add(const std::filesystem::path& path) {
    return SafetensorsFile::open(path).and_then([&](SafetensorsFile file) {
        auto tensors = file.tensors();
        return add({path, std::make_shared<const SafetensorsFile>(std::move(file)), std::move(tensors)});
    });
}

protocol::Expected<void> TensorSource::add(SourceFile file) {
    m_files.push_back(std::move(file));
    const SourceFile& added = m_files.back();
    for (const TensorEntry& tensor : added.tensors) {
        if (!m_tensors.try_emplace(tensor.name, Place{&tensor, m_files.size() - 1}).second) {
            return tl::unexpected(modelProblem(
                added.path,
                fmt::format("Tensor \"{}\" is also in {}.", tensor.name, fileOf(tensor.name).string())));
        }
    }
    return {};
}

protocol::Expected<void> TensorSource::addShards(const std::filesystem::path& index) {
    auto json = JsonObject::read(index);
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    const auto shardOf = json->textMap("weight_map");
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : shardOf) {
        if (!isBareFileName(shard)) {
            return tl::unexpected(modelProblem(
                index,
                fmt::format(
                    "Tensor \"{}\" is said to be in \"{}\", which is not a safetensors file beside it.",
                    tensor, shard)));
        }
        shards.insert(shard);
    }
    for (const std::string& shard : shards) {
        if (const auto added = add(index.parent_path() / shard); !added) {
            return added;
        }
    }
    for (const auto& [tensor, shard] : shardOf) {
        if (!find(tensor) || fileOf(tensor).filename() != shard) {
            return tl::unexpected(modelProblem(
                index, fmt::format("Tensor \"{}\" is not in {}, as it says here.", tensor, shard)));
        }
    }
    return {};
}

std::int64_t TensorSource::numbers() const {
    std::int64_t numbers = 0;
    for (const SourceFile& file : m_files) {
        for (const TensorEntry& tensor : file.tensors) {
            numbers += std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1},
                                       std::multiplies<>());
        }
    }
    return numbers;
}

const TensorEntry* TensorSource::find(std::string_view name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? nullptr : found->second.tensor;
}

const std::filesystem::path& TensorSource::fileOf(std::string_view name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? m_folder : m_files[found->second.file].path;
}

}  // namespace easel::models
