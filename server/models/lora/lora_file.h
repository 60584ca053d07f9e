// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "server/models/files/safetensors.h"
#include "server/models/lora/lora_keys.h"
#include "server/models/lora/peft_settings.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// How a LoRA writes down the change of a layer. https://arxiv.org/abs/2106.09685,
/// https://arxiv.org/abs/2108.06098, https://github.com/KohakuBlueleaf/LyCORIS
enum class LoraKind {
    LowRank,    ///< a product of two factors, with a kernel between them or without
    Hadamard,   ///< LoHa
    Kronecker,  ///< LoKr
    Whole,      ///< as it is
};

/// What a LoRA does to one layer. The tensors lie in its file.
struct LoraModule {
    std::string name;  ///< as the file has it
    LoraNetwork network = LoraNetwork::Any;
    std::string layer;  ///< its path there, flattened()
    std::array<const TensorEntry*, kLoraRoles> tensors{};
    LoraKind kind = LoraKind::LowRank;
    std::int64_t rank = 0;  ///< 0 where nothing is factored
    double scale = 1;       ///< what the factors' product is multiplied with

    const TensorEntry* operator[](LoraRole role) const { return tensors[static_cast<std::size_t>(role)]; }
};

/// The layers that the tensors of a LoRA, named `fileName` in errors, change; by their names. Refused: a name
/// that no kind of LoRA has, a layer that lacks a part, an alpha that is no number.
protocol::Expected<std::vector<LoraModule>> loraModules(std::span<const TensorEntry> tensors,
                                                        const PeftSettings& settings,
                                                        const std::string& fileName);

/// A LoRA's file, mapped for as long as this lives.
class LoraFile {
public:
    static protocol::Expected<LoraFile> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return m_file.path(); }
    const std::vector<LoraModule>& modules() const { return m_modules; }
    const Metadata& metadata() const { return m_file.metadata(); }

private:
    explicit LoraFile(SafetensorsFile file) : m_file(std::move(file)) {}

    SafetensorsFile m_file;
    std::vector<LoraModule> m_modules;
};

/// 422 for the field `loras`: the LoRA in `file` cannot be used; `what` says why, and what to do.
protocol::Problem loraProblem(const std::string& file, const std::string& what);
/// The first few, and how many more there are.
std::string listed(const std::vector<std::string>& names);

}  // namespace easel::models
