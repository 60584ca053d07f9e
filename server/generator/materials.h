// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace easel::generator {

/// A model, and where it lies on the disk.
struct ModelPlace {
    std::string id;
    std::filesystem::path folder;
    std::filesystem::path vae = {};                       ///< to be used in place of its own; empty: its own
    std::vector<std::filesystem::path> controlNets = {};  ///< to be loaded beside it

    bool operator==(const ModelPlace&) const = default;
};

/// What a request needs beside its model, and where it lies on the disk.
struct Material {
    enum class Kind {
        Lora,
        Embedding,
        Vae,
        ControlNet,
        Refiner,  ///< a model's folder
        Input,    ///< a picture that was handed in
    };

    Kind kind = Kind::Input;
    std::string name;  ///< as the request has it
    std::filesystem::path path;

    bool operator==(const Material&) const = default;
};

std::string_view toString(Material::Kind kind);
std::optional<Material::Kind> materialKindFrom(std::string_view name);

/// All that a request is drawn with.
struct Materials {
    // Not explicit: most requests need their model and nothing else.
    Materials(ModelPlace place = {}, std::vector<Material> besides = {});

    /// Null where there is no such one.
    const Material* find(Material::Kind kind, std::string_view name) const;

    ModelPlace model;
    std::vector<Material> others;

    bool operator==(const Materials&) const = default;
};

}  // namespace easel::generator
