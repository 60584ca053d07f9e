// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/models/files/safetensors.h"
#include "server/models/files/weight_files.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What a component has of one file.
struct SourceFile {
    std::filesystem::path path;
    std::shared_ptr<const SafetensorsFile> map;
    std::vector<TensorEntry> tensors;  ///< ordered by where their data stand
};

/// The tensors of one component by the names that its network has for them: those of its folder, from a
/// single file or from the shards that an index names, from those of a variant where there is nothing else;
/// or a part of a file that holds a whole model. Owns the maps. Read by any thread.
class TensorSource {
public:
    static protocol::Expected<TensorSource> open(const std::filesystem::path& folder, WeightNaming naming);
    /// `tensors` of `file`, which may have other names and shapes than there.
    static protocol::Expected<TensorSource> of(std::shared_ptr<const SafetensorsFile> file,
                                               std::vector<TensorEntry> tensors);

    const std::vector<SourceFile>& files() const { return m_files; }
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
    protocol::Expected<void> add(SourceFile file);
    protocol::Expected<void> addShards(const std::filesystem::path& index);

    std::filesystem::path m_folder;
    std::string m_note;
    std::vector<SourceFile> m_files;
    std::unordered_map<std::string_view, Place> m_tensors;
};

}  // namespace easel::models
