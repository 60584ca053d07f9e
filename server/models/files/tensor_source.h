// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/models/files/safetensors.h"
#include "server/models/files/weight_files.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// The tensors of one component's folder, from a single file or from the shards that an index names; from
/// those of a variant where there is nothing else. Owns the maps. Read by any thread.
class TensorSource {
public:
    static protocol::Expected<TensorSource> open(const std::filesystem::path& folder, WeightNaming naming);

    const std::vector<SafetensorsFile>& files() const { return m_files; }
    /// How many tensors there are in all files.
    std::size_t size() const { return m_tensors.size(); }
    /// How many numbers all tensors have together.
    std::int64_t numbers() const;
    /// Null when there is no such tensor.
    const TensorEntry* find(std::string_view name) const;
    /// The file that holds `name`, to name it in errors; the folder when none does.
    const std::filesystem::path& fileOf(std::string_view name) const;
    /// A sentence when these are not the plain weights; else empty.
    const std::string& note() const { return m_note; }

private:
    struct Place {
        const TensorEntry* tensor;
        std::size_t file;
    };

    TensorSource() = default;
    protocol::Expected<void> add(const std::filesystem::path& path);
    protocol::Expected<void> addShards(const std::filesystem::path& index);

    std::filesystem::path m_folder;
    std::string m_note;
    std::vector<SafetensorsFile> m_files;
    std::unordered_map<std::string_view, Place> m_tensors;
};

}  // namespace easel::models
