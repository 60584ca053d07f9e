// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/weights.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <sstream>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/models/files/model_problem.h"

namespace easel::diffusion {
namespace {

std::string toString(at::IntArrayRef shape) {
    std::ostringstream text;
    text << shape;
    return text.str();
}

std::optional<c10::ScalarType> scalarTypeOf(models::DType dtype) {
    switch (dtype) {
        case models::DType::F8E4M3:
            return c10::kFloat8_e4m3fn;
        case models::DType::F8E5M2:
            return c10::kFloat8_e5m2;
        case models::DType::F16:
            return c10::kHalf;
        case models::DType::BF16:
            return c10::kBFloat16;
        case models::DType::F32:
            return c10::kFloat;
        default:
            return std::nullopt;
    }
}

/// A floating-point number is finite unless all bits of `top` are set: those of its exponent, or where there
/// is but one such number, all but the sign. Reading the bits is several times as fast as at::isfinite, and
/// the whole model is read here.
template <typename Bits>
bool finiteBits(const std::byte* data, std::int64_t count, Bits top) {
    std::atomic<bool> finite = true;
    at::parallel_for(0, count, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
        bool bad = false;
        for (std::int64_t i = begin; i < end; ++i) {
            Bits bits;
            std::memcpy(&bits, data + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
            bad |= (bits & top) == top;
        }
        if (bad) {
            finite = false;
        }
    });
    return finite;
}

bool isFinite(const models::TensorEntry& entry, c10::ScalarType type, std::int64_t count) {
    switch (type) {
        case c10::kFloat8_e4m3fn:
            return finiteBits<std::uint8_t>(entry.data.data(), count, 0x7f);
        case c10::kFloat8_e5m2:
            return finiteBits<std::uint8_t>(entry.data.data(), count, 0x7c);
        case c10::kHalf:
            return finiteBits<std::uint16_t>(entry.data.data(), count, 0x7c00);
        case c10::kBFloat16:
            return finiteBits<std::uint16_t>(entry.data.data(), count, 0x7f80);
        default:
            return finiteBits<std::uint32_t>(entry.data.data(), count, 0x7f800000);
    }
}

/// The numbers of `entry` as they are in the file, which stays mapped with them.
at::Tensor storedIn(const models::TensorEntry& entry, c10::ScalarType type,
                    const std::shared_ptr<const models::TensorSource>& source) {
    auto* const data = const_cast<std::byte*>(entry.data.data());  // no layer writes to its weights
    std::vector<std::int64_t> shape = entry.shape;
    if (entry.isTransposed) {
        std::reverse(shape.begin(), shape.end());
    }
    const auto options = at::TensorOptions(type);
    at::Tensor numbers;
    if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(type) != 0) {
        numbers = at::empty(shape, options);
        std::memcpy(numbers.mutable_data_ptr(), data, entry.data.size());
    } else {
        numbers = at::from_blob(
            data, shape, [source](void*) {}, options);
    }
    return entry.isTransposed ? numbers.t() : numbers;
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

}  // namespace

Weights::Weights(models::TensorSource source, Placement placement)
    : m_component(std::make_shared<Component>(
          Component{std::make_shared<const models::TensorSource>(std::move(source)), placement, {}, {}})) {}

Weights Weights::operator/(std::string_view name) const {
    Weights below = *this;
    below.m_prefix = path(name) + '.';
    return below;
}

std::string Weights::path(std::string_view name) const {
    return m_prefix + std::string(name);
}

bool Weights::has(std::string_view name) const {
    return m_component->source->find(path(name)) != nullptr;
}

void Weights::ignore(std::string_view name) const {
    m_component->seen.insert(path(name));
}

at::Tensor Weights::tensor(std::string_view name, at::IntArrayRef shape) const {
    const std::string full = path(name);
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
    const std::int64_t count = c10::multiply_integers(shape);
    if (!isFinite(*entry, *stored, count)) {
        throw fail("The tensor " + full + " of shape " + toString(shape) +
                   " holds numbers that are not finite; the file is damaged or was not trained well.");
    }

    at::Tensor numbers = storedIn(*entry, *stored, source);
    const auto [device, dtype] = m_component->placement;
    if (entry->scale != 1) {  // in single precision, and rounded once
        return numbers.to(device, at::kFloat).mul_(entry->scale).to(dtype);
    }
    // A matrix that stands transposed is turned once, so that a layer computes as it would from a folder.
    return numbers.to(device, dtype).contiguous();
}

void Weights::passOver(std::string_view name) const {
    m_component->idle.push_back(path(name));
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
