// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/models/files/dtype.h"
#include "server/models/files/mapped_file.h"
#include "shared/protocol/problem.h"

/// The safetensors format: https://github.com/huggingface/safetensors
namespace easel::models {

/// One tensor, in C order. `data` points into its file's map and may stand at any address, aligned or not.
/// The last two are never a file's own: they are how a part of a checkpoint differs from what its network
/// takes.
struct TensorEntry {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
    bool isTransposed = false;  ///< a matrix whose data stand column by column
    float scale = 1;            ///< by which its numbers are to be multiplied
};

/// What a file's writer told of it beside the tensors.
using Metadata = std::map<std::string, std::string>;

/// Reads the tensors of a whole file's `bytes`, ordered by where their data stand, and refuses all that
/// the format forbids. `fileName` is named in errors. The entries point into `bytes`. `metadata` gets what
/// there is of it.
protocol::Expected<std::vector<TensorEntry>> parseSafetensors(std::span<const std::byte> bytes,
                                                              const std::string& fileName,
                                                              Metadata* metadata = nullptr);

/// A safetensors file, mapped for as long as this lives. Read by any thread. The values themselves are
/// not looked at: they may be NaN.
class SafetensorsFile {
public:
    static protocol::Expected<SafetensorsFile> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return m_path; }
    /// Ordered by where their data stand in the file.
    const std::vector<TensorEntry>& tensors() const { return m_tensors; }
    const Metadata& metadata() const { return m_metadata; }

private:
    SafetensorsFile() = default;

    std::filesystem::path m_path;
    MappedFile m_file;
    std::vector<TensorEntry> m_tensors;
    Metadata m_metadata;
};

}  // namespace easel::models
