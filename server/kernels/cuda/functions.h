// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What libeasel_cuda.so offers, and its host build to tests: plain functions of pointers, sizes and a CUDA
// stream. None of them waits, allocates or asks the device anything. All tensors are of one kind of number
// and contiguous, channels last, unless it says otherwise; any of them may be its own output. They answer 0
// or the number of CUDA's error, and launch nothing for no numbers.
namespace easel::kernels::cuda {

enum class NumberKind : std::int32_t { Float32, Float16, BFloat16 };

/// Group norm over x [rows, places, channels], with SiLU behind it if wanted.
/// https://arxiv.org/abs/1803.08494
struct GroupNormCall {
    NumberKind kind;
    const void* x;
    const void* weight;  ///< [channels]
    const void* bias;    ///< [channels]
    void* out;
    float* workspace;  ///< groupNormWorkspace() floats
    std::int64_t rows;
    std::int64_t places;
    std::int64_t channels;
    std::int64_t groups;
    float eps;
    bool silu;
};

/// Over the last dimension of x [rows, width]. https://arxiv.org/abs/1607.06450
struct LayerNormCall {
    NumberKind kind;
    const void* x;
    const void* weight;  ///< [width]
    const void* bias;    ///< [width]
    void* out;
    std::int64_t rows;
    std::int64_t width;
    float eps;
};

/// x [rows, 2 width], values beside their gates → out [rows, width], which is not x.
/// https://arxiv.org/abs/2002.05202
struct GegluCall {
    NumberKind kind;
    const void* x;
    void* out;
    std::int64_t rows;
    std::int64_t width;
};

/// x [rows, places, channels] + bias [rows or 1, channels] + residual [rows, places, channels].
struct SumCall {
    NumberKind kind;
    const void* x;
    const void* bias;      ///< or null
    const void* residual;  ///< or null
    void* out;
    std::int64_t rows;
    std::int64_t places;
    std::int64_t channels;
    bool biasOfEachRow;
};

/// The first of some answers, from there so far in each direction, and a linear step of a sampler with it:
/// own · latents + taken · (answers[0] + Σ scale (answers[to] - answers[from])).
struct GuideCall {
    static constexpr int kMostDirections = 8;
    struct Direction {
        std::int32_t from;
        std::int32_t to;
        float scale;
    };

    NumberKind kind;       ///< of the answers
    const void* answers;   ///< [branches, count]
    const float* latents;  ///< [count], or null: nothing
    void* out;             ///< [count]: float where there are latents, or else as the answers
    std::int64_t count;
    float own;
    float taken;
    std::int32_t directions;
    Direction direction[kMostDirections];
};

/// Planes of -1 to 1 → 8-bit RGB [height, width, 3], rounded to the nearest, to even.
struct PixelsCall {
    NumberKind kind;
    const void* x;
    std::int64_t planeStride;  ///< in numbers, from red to green
    std::int64_t rowStride;
    std::int64_t columnStride;
    std::uint8_t* out;
    std::int32_t* notFinite;  ///< set to 1 where a number is infinite or none, and else left alone
    std::int64_t height;
    std::int64_t width;
};

/// One direction of a resize: x [outer, from, inner] → out [outer, to, inner], which is not x. Weights are
/// fixed point with 22 bits behind the point; `i` takes counts[i] values from firsts[i] on.
struct ResampleCall {
    const std::uint8_t* x;
    std::uint8_t* out;
    const std::int32_t* firsts;   ///< [to]
    const std::int32_t* counts;   ///< [to], each at most `most`
    const std::int32_t* weights;  ///< [to, most]
    std::int64_t outer;
    std::int64_t from;
    std::int64_t to;
    std::int64_t inner;
    std::int64_t most;
};

struct Functions {
    /// Of the functions' arguments: another one's are not called.
    static constexpr std::int32_t kLayout = 1;

    std::int32_t layout;
    const char* build;  ///< what it was built from and for, to be remembered by
    int (*groupNorm)(const GroupNormCall& call, void* stream);
    std::int64_t (*groupNormWorkspace)(const GroupNormCall& call);  ///< of the shape alone
    int (*layerNorm)(const LayerNormCall& call, void* stream);
    int (*geglu)(const GegluCall& call, void* stream);
    int (*sum)(const SumCall& call, void* stream);
    int (*guide)(const GuideCall& call, void* stream);
    int (*pixels)(const PixelsCall& call, void* stream);
    int (*resample)(const ResampleCall& call, void* stream);
};

int groupNorm(const GroupNormCall& call, void* stream);
std::int64_t groupNormWorkspace(const GroupNormCall& call);
int layerNorm(const LayerNormCall& call, void* stream);
int geglu(const GegluCall& call, void* stream);
int sum(const SumCall& call, void* stream);
int guide(const GuideCall& call, void* stream);
int pixels(const PixelsCall& call, void* stream);
int resample(const ResampleCall& call, void* stream);

}  // namespace easel::kernels::cuda

extern "C" [[gnu::visibility("default")]] const easel::kernels::cuda::Functions* easel_cuda_functions();
