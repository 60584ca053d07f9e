// SPDX-License-Identifier: Apache-2.0
// What is computed number by number: the less of it goes through memory, the better.
#include "server/kernels/cuda/dispatch.h"
#include "server/kernels/cuda/tiles.h"

namespace easel::kernels::cuda {
namespace {

template <typename Number, int Count>
struct Geglu {
    Tiles tiles;
    const Number* x;
    Number* out;
    std::int64_t width;

    EASEL_DEVICE void operator()(const Block& block) const {
        constexpr float kRootOfHalf = 0.70710678F;
        for (std::int64_t i = block.index(); i < tiles.tiles(); i += block.count()) {
            const Tiles::Tile tile = tiles.at(i, block.thread());
            for (std::int64_t row = tile.begin; tile.isTaken && row < tile.end; row += tiles.lanes()) {
                const Number* const from = x + row * 2 * width + tile.pack * Count;
                float values[Count];
                float gates[Count];
                read(from, values);
                read(from + width, gates);
                for (int k = 0; k < Count; ++k) {
                    values[k] *= 0.5F * gates[k] * (1 + erff(gates[k] * kRootOfHalf));
                }
                write(values, out + row * width + tile.pack * Count);
            }
        }
    }
};

template <typename Number, int Count>
struct Sum {
    Tiles tiles;
    const Number* x;
    const Number* bias;
    const Number* residual;
    Number* out;
    std::int64_t places;
    std::int64_t channels;
    std::int64_t biasStride;  // from row to row

    EASEL_DEVICE void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < tiles.tiles(); i += block.count()) {
            const Tiles::Tile tile = tiles.at(i, block.thread());
            if (tile.isTaken) {
                add(tile);
            }
        }
    }

    EASEL_DEVICE void add(const Tiles::Tile& tile) const {
        const std::int64_t channel = tile.pack * Count;
        float shifts[Count] = {};
        if (bias != nullptr) {
            read(bias + tile.row * biasStride + channel, shifts);
        }
        for (std::int64_t place = tile.begin; place < tile.end; place += tiles.lanes()) {
            const std::int64_t at = (tile.row * places + place) * channels + channel;
            float values[Count];
            float beside[Count] = {};
            read(x + at, values);
            if (residual != nullptr) {
                read(residual + at, beside);
            }
            for (int k = 0; k < Count; ++k) {
                values[k] = values[k] + shifts[k] + beside[k];
            }
            write(values, out + at);
        }
    }
};

template <typename Number, typename Made>
struct Guide {
    GuideCall call;

    EASEL_DEVICE void operator()(const Block& block) const {
        const auto* const answers = static_cast<const Number*>(call.answers);
        for (std::int64_t i = block.index() * kThreads + block.thread(); i < call.count;
             i += block.count() * kThreads) {
            float guided = valueOf(answers[i]);
            for (int k = 0; k < call.directions; ++k) {
                const GuideCall::Direction& way = call.direction[k];
                guided += way.scale * (valueOf(answers[way.to * call.count + i]) -
                                       valueOf(answers[way.from * call.count + i]));
            }
            if (call.latents != nullptr) {
                guided = call.own * call.latents[i] + call.taken * guided;
            }
            store(guided, static_cast<Made*>(call.out)[i]);
        }
    }
};

}  // namespace

int geglu(const GegluCall& call, void* stream) {
    if (call.rows * call.width == 0) {
        return 0;
    }
    return withNumbers(
        call.kind, call.width, {call.x, call.out}, [&]<typename Number, typename Count>(Number, Count) {
            const Tiles tiles(1, call.rows, call.width / Count::value, Tiles::partsOf(call.rows, call.width));
            const Geglu<Number, Count::value> kernel{tiles, static_cast<const Number*>(call.x),
                                                     static_cast<Number*>(call.out), call.width};
            return launch(kernel, {tiles.count()}, stream);
        });
}

int sum(const SumCall& call, void* stream) {
    if (call.rows * call.places * call.channels == 0) {
        return 0;
    }
    return withNumbers(call.kind, call.channels, {call.x, call.bias, call.residual, call.out},
                       [&]<typename Number, typename Count>(Number, Count) {
                           const Tiles tiles(call.rows, call.places, call.channels / Count::value,
                                             Tiles::partsOf(call.places, call.channels));
                           const Sum<Number, Count::value> kernel{tiles,
                                                                  static_cast<const Number*>(call.x),
                                                                  static_cast<const Number*>(call.bias),
                                                                  static_cast<const Number*>(call.residual),
                                                                  static_cast<Number*>(call.out),
                                                                  call.places,
                                                                  call.channels,
                                                                  call.biasOfEachRow ? call.channels : 0};
                           return launch(kernel, {tiles.count()}, stream);
                       });
}

int guide(const GuideCall& call, void* stream) {
    constexpr std::int64_t kOneByOne = 1;
    return withNumbers(call.kind, kOneByOne, {}, [&]<typename Number, typename Count>(Number, Count) {
        const Grid grid{quotientUp(call.count, kThreads)};
        return call.latents != nullptr ? launch(Guide<Number, float>{call}, grid, stream)
                                       : launch(Guide<Number, Number>{call}, grid, stream);
    });
}

}  // namespace easel::kernels::cuda
