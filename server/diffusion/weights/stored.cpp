// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/stored.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

namespace easel::diffusion {
namespace {

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

}  // namespace

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

bool isFinite(const models::TensorEntry& entry, c10::ScalarType type) {
    const auto count = static_cast<std::int64_t>(entry.data.size() / c10::elementSize(type));
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

at::Tensor storedIn(const models::TensorEntry& entry, c10::ScalarType type,
                    const std::shared_ptr<const void>& map) {
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
            data, shape, [map](void*) {}, options);
    }
    return entry.isTransposed ? numbers.t() : numbers;
}

void letGo(std::span<const std::byte> bytes) {
    static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    // Pages at the edges are others', too.
    const auto begin = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size()) / page * page;
    if (begin < end) {
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
}

}  // namespace easel::diffusion
