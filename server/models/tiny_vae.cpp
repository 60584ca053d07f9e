// SPDX-License-Identifier: Apache-2.0
#include "server/models/tiny_vae.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "server/models/addons.h"
#include "server/models/files/file_kind.h"
#include "server/models/files/folder.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr std::string_view kLayers = "decoder.layers.";

/// `name` as diffusers has it; empty: it is no part of the decoder. TAESD's own list of layers begins with
/// one that has no weights, and diffusers' does not.
std::string nameOf(std::string_view name) {
    constexpr std::string_view kOwn = "taesd_decoder.";
    if (name.starts_with(kLayers)) {
        return std::string(name);
    }
    name.remove_prefix(name.starts_with(kOwn) ? kOwn.size() : 0);
    int layer = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
    if (error != std::errc() || layer < 1) {
        return {};
    }
    return fmt::format("{}{}{}", kLayers, layer - 1,
                       name.substr(static_cast<std::size_t>(end - name.data())));
}

}  // namespace

std::filesystem::path tinyVaeIn(const std::filesystem::path& root) {
    for (const char* const name : {"tiny_vae", "taesd", "vae_approx"}) {
        if (auto file = weightsOfAddon(root / name); file != root / name && !file.empty()) {
            return file;
        }
        for (const auto& file : inside(root / name)) {
            const auto nature = classify(file);
            if (nature && nature->kind == FileKind::TinyVae) {
                return file;
            }
        }
    }
    return {};
}

protocol::Expected<TensorSource> openTinyDecoder(const std::filesystem::path& file) {
    auto opened = SafetensorsFile::open(file);
    if (!opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    std::vector<TensorEntry> tensors;
    for (TensorEntry entry : opened->tensors()) {
        if (entry.name = nameOf(entry.name); !entry.name.empty()) {
            tensors.push_back(std::move(entry));
        }
    }
    const FileNature nature = natureOf(opened->tensors());
    if (nature.kind != FileKind::TinyVae || tensors.empty()) {
        return tl::unexpected(modelProblem(
            file, fmt::format("This is {}, and not the decoder of a tiny autoencoder for previews (TAESD).",
                              nature.kind == FileKind::TinyVae ? "its other half"
                              : nature.what.empty()            ? "something that is not known here"
                                                               : nature.what)));
    }
    return TensorSource::of(std::make_shared<const SafetensorsFile>(std::move(*opened)), std::move(tensors));
}

}  // namespace easel::models
