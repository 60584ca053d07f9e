// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/models/files/safetensors.h"

namespace easel::tests {

/// The tensors of a fixture.
class TensorFile {
public:
    explicit TensorFile(const std::filesystem::path& path) : m_file(open(path)) {}

    bool has(const std::string& name) const { return find(name) != m_file.tensors().end(); }

    at::Tensor operator[](const std::string& name) const {
        const auto entry = find(name);
        if (entry == m_file.tensors().end()) {
            throw std::runtime_error("no tensor " + name);
        }
        auto* data = const_cast<std::byte*>(entry->data.data());
        return at::from_blob(data, entry->shape, typeOf(entry->dtype)).clone();
    }

private:
    std::vector<models::TensorEntry>::const_iterator find(const std::string& name) const {
        return std::ranges::find(m_file.tensors(), name, &models::TensorEntry::name);
    }

    static models::SafetensorsFile open(const std::filesystem::path& path) {
        auto file = models::SafetensorsFile::open(path);
        if (!file) {
            throw std::runtime_error(file.error().detail);
        }
        return std::move(*file);
    }

    static at::ScalarType typeOf(models::DType dtype) {
        switch (dtype) {
            case models::DType::F32:
                return at::kFloat;
            case models::DType::I64:
                return at::kLong;
            case models::DType::U8:
                return at::kByte;
            default:
                throw std::runtime_error("a dtype that no fixture has");
        }
    }

    models::SafetensorsFile m_file;
};

inline double greatestDifference(const at::Tensor& a, const at::Tensor& b) {
    return a.sizes() == b.sizes() ? (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>() : 1e30;
}

}  // namespace easel::tests
