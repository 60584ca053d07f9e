// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/adapter.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/weights/lora_formulas.h"
#include "server/diffusion/weights/packed.h"
#include "server/diffusion/weights/stored.h"
#include "server/models/lora/lora_shapes.h"

namespace easel::diffusion {
namespace {

using enum models::LoraRole;

constexpr std::int64_t kThin = 4;  // times fewer numbers than the weight has
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kBias = ".bias";

std::int64_t numbersOf(const std::vector<std::int64_t>& shape) {
    return c10::multiply_integers(shape);
}

bool isPlain(const models::LoraModule& module) {
    return module.kind == models::LoraKind::LowRank && module[Mid] == nullptr &&
           module[Magnitude] == nullptr && module[DoraScale] == nullptr && module[DiffBias] == nullptr;
}

/// Numbers that the factors of all changes take; nothing when they are to be in a copy.
std::optional<std::int64_t> numbersBeside(const models::LoraChanges::Layer& layer) {
    std::int64_t beside = 0;
    for (const auto& [module, weight] : layer.changes) {
        if (!isPlain(*module)) {
            return std::nullopt;
        }
        beside += models::numbersBeside(*module);
    }
    return beside <= numbersOf(layer.shape) / kThin ? std::optional(beside) : std::nullopt;
}

/// What is drawn with: an alpha may be as large as numbers go, and DoRA divides.
at::Tensor finite(at::Tensor numbers, const std::string& name) {
    if (!at::isfinite(numbers).all().item<bool>()) {
        throw Failure(protocol::invalidField(
            "loras", "What the LoRAs make of the tensor " + name +
                         " is not finite. Ask for less weight, or leave the one out that is damaged."));
    }
    return numbers;
}

}  // namespace

Adapter::Adapter(models::LoraChanges changes, std::vector<std::shared_ptr<const models::LoraFile>> files,
                 Placement placement)
    : m_changes(std::move(changes)), m_files(std::move(files)), m_placement(placement) {}

std::int64_t Adapter::bytes() const {
    std::int64_t numbers = 0;
    for (const auto& [path, layer] : m_changes.layers) {
        numbers += numbersBeside(layer).value_or(numbersOf(layer.shape));
    }
    return numbers * static_cast<std::int64_t>(c10::elementSize(m_placement.dtype));
}

const Adapter::Layer* Adapter::layerOf(const std::string& name, std::string_view ending) const {
    if (!name.ends_with(ending)) {
        return nullptr;
    }
    const auto found = m_changes.layers.find(name.substr(0, name.size() - ending.size()));
    return found == m_changes.layers.end() ? nullptr : &found->second;
}

bool Adapter::isBeside(const std::string& name) const {
    const Layer* const layer = layerOf(name, kWeight);
    return layer != nullptr && numbersBeside(*layer);
}

/// [...] float32 on the device; undefined where there is none.
at::Tensor Adapter::numbers(const models::LoraModule& module, models::LoraRole role) const {
    const models::TensorEntry* const entry = module[role];
    if (entry == nullptr) {
        return {};
    }
    const auto file = std::ranges::find_if(m_files, [&module](const auto& each) {
        const auto& modules = each->modules();
        return &module >= modules.data() && &module < modules.data() + modules.size();
    });
    const std::string path = (*file)->path().string();
    const auto type = scalarTypeOf(entry->dtype);
    if (!type) {
        throw Failure(models::loraProblem(path, "The tensor " + entry->name + " holds " +
                                                    std::string(models::toString(entry->dtype)) +
                                                    " numbers; only floating-point ones are supported."));
    }
    if (!isFinite(*entry, *type)) {
        throw Failure(
            models::loraProblem(path, "The tensor " + entry->name +
                                          " holds numbers that are not finite; the file is damaged or "
                                          "was not trained well."));
    }
    return storedIn(*entry, *type, *file).to(m_placement.device, at::kFloat);
}

LowRank Adapter::beside(const std::string& name) const {
    const Layer& layer = *layerOf(name, kWeight);
    std::vector<at::Tensor> downs;
    std::vector<at::Tensor> ups;
    for (const auto& [module, weight] : layer.changes) {
        std::vector<std::int64_t> shape = layer.shape;
        shape[0] = module->rank;
        downs.push_back(numbers(*module, Down).reshape(shape));
        std::fill(shape.begin() + 1, shape.end(), 1);
        shape[0] = layer.shape[0];
        shape[1] = module->rank;
        ups.push_back(numbers(*module, Up).reshape(shape) * (weight * module->scale));
    }
    return {at::cat(downs).to(m_placement.dtype), finite(at::cat(ups, 1).to(m_placement.dtype), name)};
}

at::Tensor Adapter::changed(const std::string& name, const at::Tensor& base) const {
    at::Tensor sum;
    const auto add = [&sum, &base](const at::Tensor& change, double weight) {
        sum = sum.defined() ? sum : packed::plain(base).to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
        sum.add_(change, weight);
    };
    if (const Layer* const layer = layerOf(name, kWeight)) {
        const at::Tensor whole = packed::plain(base).to(at::kFloat);
        for (const auto& [module, weight] : layer->changes) {
            const auto take = [&](models::LoraRole role) { return numbers(*module, role); };
            if (const at::Tensor change = loraChange(*module, take, whole); change.defined()) {
                add(change, weight);
            }
        }
    } else if (const Layer* const biased = layerOf(name, kBias)) {
        for (const auto& [module, weight] : biased->changes) {
            if (const at::Tensor change = numbers(*module, DiffBias); change.defined()) {
                add(change.reshape(base.sizes()), weight);
            }
        }
    }
    return sum.defined() ? finite(sum.to(base.scalar_type()), name) : base;
}

}  // namespace easel::diffusion
