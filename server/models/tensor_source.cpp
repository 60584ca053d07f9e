// SPDX-License-Identifier: Apache-2.0
#include "server/models/tensor_source.h"

#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "server/models/json_object.h"
#include "server/models/model_problem.h"

namespace easel::models {

namespace {

/// A weight file, or an index of several.
struct Candidate {
    std::string name;
    bool index = false;
};

std::vector<Candidate> candidatesFor(const std::string& stem) {
    const std::string plain = stem + ".safetensors";
    return {{plain, false},
            {plain + ".index.json", true},
            {stem + ".fp16.safetensors", false},
            {plain + ".index.fp16.json", true},
            {plain + ".fp16.index.json", true}};
}

/// A shard lies beside its index: nothing that could lead elsewhere is a shard's name.
bool isBareFileName(const std::string& name) {
    return name.ends_with(".safetensors") && name.front() != '.' &&
           name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

}  // namespace

protocol::Expected<TensorSource> TensorSource::open(const std::filesystem::path& folder,
                                                    WeightNaming naming) {
    const bool diffusers = naming == WeightNaming::Diffusers;
    const std::string stem = diffusers ? "diffusion_pytorch_model" : "model";
    TensorSource source;
    source.m_folder = folder;
    std::error_code error;
    for (const Candidate& candidate : candidatesFor(stem)) {
        const auto path = folder / candidate.name;
        if (!std::filesystem::exists(path, error)) {
            continue;
        }
        if (const auto opened = candidate.index ? source.addShards(path) : source.add(path); !opened) {
            return tl::unexpected(opened.error());
        }
        return source;
    }
    const std::string pickle = diffusers ? "diffusion_pytorch_model.bin" : "pytorch_model.bin";
    if (std::filesystem::exists(folder / pickle, error)) {
        return tl::unexpected(
            modelProblem(folder / pickle,
                         "Only this pickle file holds the weights. Pickle files can run code, so they are "
                         "not read; get the model's safetensors files or convert it."));
    }
    return tl::unexpected(modelProblem(folder, "There are no weights: " + stem + ".safetensors is missing."));
}

protocol::Expected<void> TensorSource::add(const std::filesystem::path& path) {
    auto file = SafetensorsFile::open(path);
    if (!file) {
        return tl::unexpected(std::move(file.error()));
    }
    for (const TensorEntry& tensor : file->tensors()) {
        if (!m_tensors.try_emplace(tensor.name, Place{&tensor, m_files.size()}).second) {
            return tl::unexpected(modelProblem(
                path, "Tensor \"" + tensor.name + "\" is also in " + fileOf(tensor.name).string() + "."));
        }
    }
    m_files.push_back(std::move(*file));
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
            return tl::unexpected(modelProblem(index, "Tensor \"" + tensor + "\" is said to be in \"" +
                                                          shard +
                                                          "\", which is not a safetensors file beside it."));
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
            return tl::unexpected(
                modelProblem(index, "Tensor \"" + tensor + "\" is not in " + shard + ", as it says here."));
        }
    }
    return {};
}

const TensorEntry* TensorSource::find(std::string_view name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? nullptr : found->second.tensor;
}

const std::filesystem::path& TensorSource::fileOf(std::string_view name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? m_folder : m_files[found->second.file].path();
}

}  // namespace easel::models
