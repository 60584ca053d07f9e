// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/text_names.h"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "server/models/checkpoints/name_parts.h"

namespace easel::models {

namespace {

constexpr Renaming kOutside[] = {
    {"token_embedding.", "text_model.embeddings.token_embedding."},
    {"ln_final.", "text_model.final_layer_norm."},
};

constexpr Renaming kBlock[] = {
    {"ln_1.", "layer_norm1."},
    {"ln_2.", "layer_norm2."},
    {"mlp.c_fc.", "mlp.fc1."},
    {"mlp.c_proj.", "mlp.fc2."},
    {"attn.out_proj.", "self_attn.out_proj."},
};

TensorEntry withName(const TensorEntry& tensor, std::string name) {
    TensorEntry entry = tensor;
    entry.name = std::move(name);
    return entry;
}

/// The three parts of `tensor` [3h, ...], which lie one after another.
void addThirds(const TensorEntry& tensor, const std::string& place, std::string_view kind,
               std::vector<TensorEntry>& out) {
    const std::size_t third = tensor.data.size() / 3;
    for (std::size_t i = 0; i < 3; ++i) {
        TensorEntry entry = withName(tensor, fmt::format("{}self_attn.{}_proj.{}", place, "qkv"[i], kind));
        entry.shape.front() /= 3;
        entry.data = tensor.data.subspan(i * third, third);
        out.push_back(std::move(entry));
    }
}

bool hasThirds(const TensorEntry& tensor) {
    return !tensor.shape.empty() && tensor.shape.front() % 3 == 0 && tensor.data.size() % 3 == 0;
}

}  // namespace

void addFromOpenClip(const TensorEntry& tensor, std::string_view name, int layers,
                     std::vector<TensorEntry>& out) {
    if (auto outside = renamed(name, kOutside)) {
        out.push_back(withName(tensor, std::move(*outside)));
    } else if (name == "positional_embedding") {
        out.push_back(withName(tensor, "text_model.embeddings.position_embedding.weight"));
    } else if (name == "text_projection" && tensor.shape.size() == 2) {
        TensorEntry entry = withName(tensor, "text_projection.weight");
        std::swap(entry.shape[0], entry.shape[1]);
        entry.isTransposed = true;
        out.push_back(std::move(entry));
    } else if (std::string_view rest = name; takeBegin(rest, "transformer.resblocks.")) {
        const auto index = takeIndex(rest);
        if (index && *index >= layers) {
            return;
        }
        const std::string place = fmt::format("text_model.encoder.layers.{}.", index.value_or(0));
        if (auto inside = renamed(rest, kBlock); index && inside) {
            out.push_back(withName(tensor, place + *inside));
        } else if (index && takeBegin(rest, "attn.in_proj_") && (rest == "weight" || rest == "bias") &&
                   hasThirds(tensor)) {
            addThirds(tensor, place, rest, out);
        } else {
            out.push_back(withName(tensor, std::string(name)));
        }
    } else if (name != "attn_mask") {
        out.push_back(withName(tensor, std::string(name)));
    }
}

}  // namespace easel::models
