// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/weights/packed.h"
#include "server/diffusion/weights/stored.h"
#include "server/models/files/model_problem.h"

namespace easel::diffusion {
namespace {

std::string toString(at::IntArrayRef shape) {
    std::ostringstream text;
    text << shape;
    return text.str();
}

bool isIdle(const std::string& name, const std::vector<std::string>& idle) {
    return std::any_of(idle.begin(), idle.end(), [&name](const std::string& known) {
        return known.ends_with('.') ? name.starts_with(known) : name == known;
    });
}

/// The first few by name.
std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
        text += (text.empty() ? "" : ", ") + names[i];
    }
    return names.size() > kShown ? text + " and " + std::to_string(names.size() - kShown) + " more" : text;
}

at::Tensor placed(const models::TensorEntry& entry, const at::Tensor& stored, const Placement& placement) {
    const auto [device, dtype] = placement;
    if (entry.scale != 1) {  // in single precision, and rounded once; in a copy, for the file stays as it is
        return stored.to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true)
            .mul_(entry.scale)
            .to(dtype);
    }
    // A matrix that stands transposed is turned once, so that a layer computes as it would from a folder.
    return stored.to(device, dtype).contiguous();
}

}  // namespace

Weights::Weights(models::TensorSource source, Placement placement)
    : m_component(std::make_shared<Component>(
          Component{.source = std::make_shared<const models::TensorSource>(std::move(source)),
                    .placement = placement})) {}

Weights::Weights(std::shared_ptr<const Tensors> base, std::shared_ptr<const Adapter> adapter)
    : m_component(
          std::make_shared<Component>(Component{.base = std::move(base), .adapter = std::move(adapter)})) {}

Weights Weights::operator/(std::string_view name) const {
    Weights below = *this;
    below.m_prefix = path(name) + '.';
    return below;
}

std::string Weights::path(std::string_view name) const {
    return m_prefix + std::string(name);
}

bool Weights::has(std::string_view name) const {
    const std::string full = path(name);
    return m_component->base ? m_component->base->contains(full) : m_component->source->find(full) != nullptr;
}

void Weights::ignore(std::string_view name) const {
    m_component->seen.insert(path(name));
}

at::Tensor Weights::tensor(std::string_view name, at::IntArrayRef shape) const {
    const std::string full = path(name);
    if (m_component->base) {
        return m_component->adapter->changed(full, unchanged(full));
    }
    return m_component->taken.emplace(full, read(full, shape)).first->second;
}

LayerWeight Weights::layerWeight(at::IntArrayRef shape, std::int64_t stride) const {
    const std::string full = path("weight");
    if (m_component->base && m_component->adapter->isBeside(full)) {
        return {unchanged(full), m_component->adapter->beside(full)};
    }
    const at::Tensor weight = tensor("weight", shape);
    at::Tensor made = weight;
    if (packed::isWorthIt(weight)) {
        made = packed::packed(weight, stride);
    } else if (weight.dim() == 4 && gpu::trusted(gpu::Op::GroupNorm, weight) != nullptr) {
        made = weight.contiguous(at::MemoryFormat::ChannelsLast);  // as that kernel takes maps
    }
    if (made.is_same(weight)) {
        return {weight, {}};
    }
    if (!m_component->base) {
        m_component->taken[full] = made;  // and not the plain one, too
        letGo(m_component->source->find(full)->data);
    }
    return {made, {}};
}

at::Tensor Weights::derived(std::string_view name, std::string_view as, const at::Tensor& from,
                            const std::function<at::Tensor(const at::Tensor&)>& make) const {
    const std::string full = path(name);
    const std::string called = full + '/' + std::string(as);
    if (m_component->base) {
        return from.is_same(unchanged(full)) ? unchanged(called) : make(from);
    }
    return m_component->taken.emplace(called, make(from)).first->second;
}

/// Of a network in memory that is made again with changes: it took the same tensors.
const at::Tensor& Weights::unchanged(const std::string& full) const {
    const auto found = m_component->base->find(full);
    if (found == m_component->base->end()) {
        throw Failure(protocol::internalError("The tensor " + full + " is not that of a network in memory."));
    }
    return found->second;
}

at::Tensor Weights::read(const std::string& full, at::IntArrayRef shape) const {
    const auto& source = m_component->source;
    const auto fail = [&](const std::string& what) -> Failure {
        const auto& files = source->files();
        return Failure(
            models::modelProblem(files.size() == 1 ? files.front().path : source->fileOf(full), what));
    };
    const models::TensorEntry* entry = source->find(full);
    if (entry == nullptr) {
        throw fail("The tensor " + full + " of shape " + toString(shape) + " is missing.");
    }
    if (at::IntArrayRef(entry->shape) != shape) {
        throw fail("The tensor " + full + " has the shape " + toString(entry->shape) + "; " +
                   toString(shape) + " was expected.");
    }
    const auto stored = scalarTypeOf(entry->dtype);
    if (!stored) {
        throw fail("The tensor " + full + " holds " + std::string(models::toString(entry->dtype)) +
                   " numbers; only F32, F16, BF16, F8_E4M3 and F8_E5M2 are supported.");
    }
    m_component->seen.insert(full);
    if (!isFinite(*entry, *stored)) {
        throw fail("The tensor " + full + " of shape " + toString(shape) +
                   " holds numbers that are not finite; the file is damaged or was not trained well.");
    }

    at::Tensor numbers = placed(*entry, storedIn(*entry, *stored, source), m_component->placement);
    if (entry->scale != 1 && !at::isfinite(numbers).all().item<bool>()) {
        throw fail("The tensor " + full +
                   " holds numbers that its scale makes infinite; the file is damaged.");
    }
    if (numbers.device().type() != c10::kCPU || numbers.const_data_ptr() != entry->data.data()) {
        letGo(entry->data);  // or it would lie in memory twice until all are read
    }
    return numbers;
}

void Weights::passOver(std::string_view name) const {
    m_component->idle.push_back(path(name));
}

std::shared_ptr<const Tensors> Weights::taken() const {
    return std::make_shared<const Tensors>(m_component->taken);
}

std::vector<std::string> Weights::finish() const {
    std::vector<std::string> notes;
    for (const auto& file : m_component->source->files()) {
        std::vector<std::string> idle;
        for (const auto& entry : file.tensors) {
            if (m_component->seen.contains(entry.name)) {
                continue;
            }
            if (!isIdle(entry.name, m_component->idle)) {
                throw Failure(models::modelProblem(
                    file.path, "The tensor " + entry.name + " of shape " + toString(entry.shape) +
                                   " belongs to no layer that the model's config describes."));
            }
            idle.push_back(entry.name);
        }
        if (!idle.empty()) {
            notes.push_back(file.path.string() + ": Passed over as no part of drawing: " + listed(idle) +
                            ".");
        }
    }
    return notes;
}

}  // namespace easel::diffusion
