// SPDX-License-Identifier: Apache-2.0
// In three kernels: sums of each channel over parts of the map; from them the mean and the scale of each
// channel; those put to use. Nothing is added up in an order that depends on which thread is first.
#include "server/kernels/cuda/dispatch.h"
#include "server/kernels/cuda/tiles.h"

namespace easel::kernels::cuda {
namespace {

/// Of what exceeds the map's first numbers, and its squares: sums [rows, channels, 2, parts].
template <typename Number, int Count>
struct GroupNormSums {
    Tiles tiles;
    const Number* x;
    float* sums;
    std::int64_t places;
    std::int64_t channels;

    static constexpr std::size_t kSharedFloats = std::size_t{2} * Count * kThreads;

    EASEL_DEVICE void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < tiles.tiles(); i += block.count()) {
            sumUp(block, tiles.at(i, block.thread()));
        }
    }

    EASEL_DEVICE void sumUp(const Block& block, const Tiles::Tile& tile) const {
        float plain[Count] = {};
        float square[Count] = {};
        if (tile.isTaken) {
            const Number* const map = x + tile.row * places * channels + tile.pack * Count;
            float first[Count];
            read(map, first);
            for (std::int64_t place = tile.begin; place < tile.end; place += tiles.lanes()) {
                float values[Count];
                read(map + place * channels, values);
                for (int i = 0; i < Count; ++i) {
                    const float over = values[i] - first[i];
                    plain[i] += over;
                    square[i] += over * over;
                }
            }
        }
        float* const shared = block.shared();
        for (int i = 0; i < Count; ++i) {
            shared[2 * i * kThreads + block.thread()] = plain[i];
            shared[(2 * i + 1) * kThreads + block.thread()] = square[i];
        }
        block.barrier();
        if (tile.isTaken && tile.lane == 0) {
            float* const own =
                sums + ((tile.row * channels + tile.pack * Count) * 2) * tiles.parts() + tile.part;
            for (int i = 0; i < 2 * Count; ++i) {
                float sum = 0;
                for (int lane = 0; lane < tiles.lanes(); ++lane) {
                    sum += shared[i * kThreads + lane * tiles.width() + tile.column];
                }
                own[i * tiles.parts()] = sum;
            }
        }
        block.barrier();
    }
};

/// The spread of a group is that of its channels and that between them. A block takes a group, a warp every
/// kWarps-th of its channels.
template <typename Number>
struct GroupNormScales {
    const Number* x;
    const Number* weight;
    const float* sums;
    float* means;  // [rows, channels]
    float* scales;
    std::int64_t rows;
    std::int64_t places;
    std::int64_t channels;
    std::int64_t groups;
    std::int64_t parts;
    float eps;

    static constexpr std::size_t kSharedFloats = 3 * kWarps;

    EASEL_DEVICE void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < rows * groups; i += block.count()) {
            settle(block, i / groups, i % groups);
        }
    }

    EASEL_DEVICE void settle(const Block& block, std::int64_t row, std::int64_t group) const {
        const std::int64_t width = channels / groups;
        const std::int64_t begin = group * width;
        const int warp = block.thread() / kWarp;
        const int lane = block.thread() % kWarp;
        const Number* const map = x + row * places * channels;
        const auto count = static_cast<float>(places);
        const float near = valueOf(map[begin]);
        float within = 0;   // squares about each channel's mean
        float apart = 0;    // of the channels' means from `near`
        float squares = 0;  // of that
        for (std::int64_t i = begin + warp; i < begin + width; i += kWarps) {
            const float* const own = sums + (row * channels + i) * 2 * parts;
            float plain = 0;
            float square = 0;
            for (std::int64_t part = lane; part < parts; part += kWarp) {
                plain += own[part];
                square += own[parts + part];
            }
            plain = block.sumOfWarp(plain);
            square = block.sumOfWarp(square);
            const float over = plain / count;
            const float from = valueOf(map[i]) - near + over;
            within += square - plain * over;
            apart += from;
            squares += from * from;
        }
        float* const shared = block.shared();
        if (lane == 0) {
            shared[warp] = within;
            shared[kWarps + warp] = apart;
            shared[2 * kWarps + warp] = squares;
        }
        block.barrier();
        float all[3] = {};
        for (int i = 0; i < kWarps; ++i) {
            all[0] += shared[i];
            all[1] += shared[kWarps + i];
            all[2] += shared[2 * kWarps + i];
        }
        block.barrier();
        const auto channelsOfGroup = static_cast<float>(width);
        const float over = all[1] / channelsOfGroup;
        const float between = all[2] - all[1] * over;
        const float variance = (all[0] / count + between) / channelsOfGroup;
        // What rounding made negative is none; what is no number stays so.
        const float scale = 1 / sqrtf((variance < 0 ? 0 : variance) + eps);
        for (std::int64_t i = begin + block.thread(); i < begin + width; i += kThreads) {
            means[row * channels + i] = near + over;
            scales[row * channels + i] = scale * valueOf(weight[i]);
        }
    }
};

template <typename Number, int Count>
struct GroupNormApply {
    Tiles tiles;
    const Number* x;
    const Number* bias;
    const float* means;
    const float* scales;
    Number* out;
    std::int64_t places;
    std::int64_t channels;
    bool silu;

    EASEL_DEVICE void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < tiles.tiles(); i += block.count()) {
            const Tiles::Tile tile = tiles.at(i, block.thread());
            if (tile.isTaken) {
                apply(tile);
            }
        }
    }

    EASEL_DEVICE void apply(const Tiles::Tile& tile) const {
        const std::int64_t channel = tile.pack * Count;
        float mean[Count];
        float scale[Count];
        float shift[Count];
        read(means + tile.row * channels + channel, mean);
        read(scales + tile.row * channels + channel, scale);
        read(bias + channel, shift);
        for (std::int64_t place = tile.begin; place < tile.end; place += tiles.lanes()) {
            const std::int64_t at = (tile.row * places + place) * channels + channel;
            float values[Count];
            read(x + at, values);
            for (int i = 0; i < Count; ++i) {
                const float y = (values[i] - mean[i]) * scale[i] + shift[i];
                values[i] = silu ? y / (1 + expf(-y)) : y;
            }
            write(values, out + at);
        }
    }
};

template <typename Number, int Count>
int run(const GroupNormCall& call, void* stream) {
    const std::int64_t parts = Tiles::partsOf(call.places, call.channels);
    const Tiles tiles(call.rows, call.places, call.channels / Count, parts);
    const auto* const x = static_cast<const Number*>(call.x);
    const auto* const bias = static_cast<const Number*>(call.bias);
    float* const means = call.workspace;
    float* const scales = means + call.rows * call.channels;
    float* const sums = scales + call.rows * call.channels;
    using Sums = GroupNormSums<Number, Count>;
    if (const int error = launch(Sums{tiles, x, sums, call.places, call.channels},
                                 {tiles.count(), Sums::kSharedFloats}, stream)) {
        return error;
    }
    using Scales = GroupNormScales<Number>;
    const Scales settle{x,           static_cast<const Number*>(call.weight),
                        sums,        means,
                        scales,      call.rows,
                        call.places, call.channels,
                        call.groups, parts,
                        call.eps};
    if (const int error = launch(settle, {call.rows * call.groups, Scales::kSharedFloats}, stream)) {
        return error;
    }
    const GroupNormApply<Number, Count> apply{
        tiles, x, bias, means, scales, static_cast<Number*>(call.out), call.places, call.channels, call.silu};
    return launch(apply, {tiles.count()}, stream);
}

}  // namespace

std::int64_t groupNormWorkspace(const GroupNormCall& call) {
    return 2 * call.rows * call.channels * (1 + Tiles::partsOf(call.places, call.channels));
}

int groupNorm(const GroupNormCall& call, void* stream) {
    if (call.rows * call.places * call.channels == 0) {
        return 0;
    }
    return withNumbers(call.kind, call.channels, {call.x, call.bias, call.out, call.workspace},
                       [&]<typename Number, typename Count>(Number, Count) {
                           return run<Number, Count::value>(call, stream);
                       });
}

}  // namespace easel::kernels::cuda
