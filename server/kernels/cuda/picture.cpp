// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/cuda/dispatch.h"

namespace easel::kernels::cuda {
namespace {

constexpr int kColours = 3;

template <typename Number>
struct Pixels {
    PixelsCall call;

    EASEL_DEVICE void operator()(const Block& block) const {
        const auto* const x = static_cast<const Number*>(call.x);
        bool isFinite = true;
        for (std::int64_t i = block.index() * kThreads + block.thread(); i < call.height * call.width;
             i += block.count() * kThreads) {
            const Number* const from =
                x + i / call.width * call.rowStride + i % call.width * call.columnStride;
            for (int colour = 0; colour < kColours; ++colour) {
                const float value = valueOf(from[colour * call.planeStride]);
                isFinite = isFinite && value - value == 0;
                const float share = fminf(fmaxf(value * 0.5F + 0.5F, 0.0F), 1.0F);
                call.out[i * kColours + colour] = static_cast<std::uint8_t>(rintf(share * 255));
            }
        }
        if (!isFinite) {
            block.raise(call.notFinite);
        }
    }
};

struct Resample {
    ResampleCall call;

    EASEL_DEVICE void operator()(const Block& block) const {
        constexpr int kFractionBits = 22;
        for (std::int64_t i = block.index() * kThreads + block.thread();
             i < call.outer * call.to * call.inner; i += block.count() * kThreads) {
            const std::int64_t inner = i % call.inner;
            const std::int64_t line = i / call.inner;
            const std::int64_t to = line % call.to;
            const std::uint8_t* from =
                call.x + (line / call.to * call.from + call.firsts[to]) * call.inner + inner;
            const std::int32_t* const weights = call.weights + to * call.most;
            std::int32_t sum = 1 << (kFractionBits - 1);
            for (std::int32_t k = 0; k < call.counts[to]; ++k) {
                sum += weights[k] * from[k * call.inner];
            }
            sum >>= kFractionBits;
            call.out[i] = static_cast<std::uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
    }
};

}  // namespace

int pixels(const PixelsCall& call, void* stream) {
    constexpr std::int64_t kOneByOne = 1;
    return withNumbers(call.kind, kOneByOne, {}, [&]<typename Number, typename Count>(Number, Count) {
        return launch(Pixels<Number>{call}, {quotientUp(call.height * call.width, kThreads)}, stream);
    });
}

int resample(const ResampleCall& call, void* stream) {
    return launch(Resample{call}, {quotientUp(call.outer * call.to * call.inner, kThreads)}, stream);
}

}  // namespace easel::kernels::cuda
