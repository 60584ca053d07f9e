// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/attention_form.h"
#include "server/kernels/avx512.h"

namespace easel::kernels {
namespace {

using namespace avx512;

constexpr std::int64_t kRows = 24;    // of q that are taken at a time
constexpr std::int64_t kGroup = 64;   // keys that lie together, at least
constexpr std::int64_t kBlock = 256;  // keys whose scores are in the cache at a time
constexpr std::int64_t kScoreRows = 6;
constexpr std::int64_t kScoreLanes = kGroup / kLanes;
constexpr std::int64_t kWideStripe = 8 * kLanes;
constexpr std::int64_t kWidestAlone = 10 * kLanes;
constexpr float kLowest = -1e30F;

std::int64_t upTo(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/// Two numbers beside each other, in all lanes.
__m512bh pair(const std::uint16_t* numbers) {
    std::int32_t both;
    __builtin_memcpy(&both, numbers, sizeof both);
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
}

__m512bh lanes(const std::uint16_t* numbers) {
    return reinterpret_cast<__m512bh>(_mm512_loadu_si512(numbers));
}

/// A group's scores of kScoreRows rows of q.
void score(const std::uint16_t* q, std::int64_t width, const std::uint16_t* keys, float* scores) {
    __m512 sums[kScoreRows][kScoreLanes];
    for (auto& row : sums) {
        for (__m512& sum : row) {
            sum = _mm512_setzero_ps();
        }
    }
    for (std::int64_t i = 0; i < width; i += 2, keys += 2 * kGroup) {
        const __m512bh key[kScoreLanes]{lanes(keys), lanes(keys + 2 * kLanes), lanes(keys + 4 * kLanes),
                                        lanes(keys + 6 * kLanes)};
#pragma GCC unroll 6
        for (std::int64_t row = 0; row < kScoreRows; ++row) {
            const __m512bh query = pair(q + row * width + i);
#pragma GCC unroll 4
            for (std::int64_t lane = 0; lane < kScoreLanes; ++lane) {
                sums[row][lane] = _mm512_dpbf16_ps(sums[row][lane], query, key[lane]);
            }
        }
    }
    for (std::int64_t row = 0; row < kScoreRows; ++row) {
        for (std::int64_t lane = 0; lane < kScoreLanes; ++lane) {
            _mm512_storeu_ps(scores + row * kBlock + lane * kLanes, sums[row][lane]);
        }
    }
}

/// What is known of a row of q so far.
struct Running {
    float greatest[kRows];  // score
    float total[kRows];     // of the weights
    float keep[kRows];      // what the sums so far are multiplied with
};

/// Makes a row's `count` scores, padded to `padded`, into weights.
void weigh(float* scores, std::int64_t count, std::int64_t padded, float scale, Running& running,
           std::int64_t row, std::uint16_t* weights) {
    for (std::int64_t i = count / kLanes * kLanes; i < padded; i += kLanes) {
        const std::int64_t there = count - i;
        const auto absent = static_cast<__mmask16>(there <= 0 ? 0xFFFF : 0xFFFF << there);
        _mm512_mask_storeu_ps(scores + i, absent, _mm512_set1_ps(kLowest));
    }
    __m512 greatest = _mm512_set1_ps(running.greatest[row]);
    for (std::int64_t i = 0; i < padded; i += kLanes) {
        greatest = _mm512_max_ps(greatest, _mm512_loadu_ps(scores + i));
    }
    const float now = _mm512_reduce_max_ps(greatest);
    const __m512 by = _mm512_set1_ps(scale);
    const __m512 less = _mm512_set1_ps(now);
    const __m512 kept = power(_mm512_set1_ps((running.greatest[row] - now) * scale));
    __m512 total = _mm512_setzero_ps();
    for (std::int64_t i = 0; i < padded; i += 2 * kLanes) {
        const __m512 low = power(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(scores + i), less), by));
        const __m512 high =
            power(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(scores + i + kLanes), less), by));
        total = _mm512_add_ps(total, _mm512_add_ps(low, high));
        _mm512_storeu_si512(weights + i, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
    running.greatest[row] = now;
    running.keep[row] = _mm512_cvtss_f32(kept);
    running.total[row] = running.total[row] * running.keep[row] + _mm512_reduce_add_ps(total);
}

/// Adds `pairs` pairs of values to kTaken rows of sums, each kZ times kLanes wide.
template <std::int64_t kZ, std::int64_t kTaken>
void add(const std::uint16_t* weights, const float* keep, const std::uint16_t* values, std::int64_t pairs,
         float* sums) {
    __m512 sum[kTaken][kZ];
#pragma GCC unroll 8
    for (std::int64_t row = 0; row < kTaken; ++row) {
        const __m512 kept = _mm512_set1_ps(keep[row]);
#pragma GCC unroll 10
        for (std::int64_t z = 0; z < kZ; ++z) {
            sum[row][z] = _mm512_mul_ps(_mm512_loadu_ps(sums + (row * kZ + z) * kLanes), kept);
        }
    }
    for (std::int64_t i = 0; i < pairs; ++i, values += 2 * kZ * kLanes) {
        __m512bh value[kZ];
#pragma GCC unroll 10
        for (std::int64_t z = 0; z < kZ; ++z) {
            value[z] = lanes(values + 2 * z * kLanes);
        }
#pragma GCC unroll 8
        for (std::int64_t row = 0; row < kTaken; ++row) {
            const __m512bh weight = pair(weights + row * kBlock + 2 * i);
#pragma GCC unroll 10
            for (std::int64_t z = 0; z < kZ; ++z) {
                sum[row][z] = _mm512_dpbf16_ps(sum[row][z], weight, value[z]);
            }
        }
    }
#pragma GCC unroll 8
    for (std::int64_t row = 0; row < kTaken; ++row) {
#pragma GCC unroll 10
        for (std::int64_t z = 0; z < kZ; ++z) {
            _mm512_storeu_ps(sums + (row * kZ + z) * kLanes, sum[row][z]);
        }
    }
}

/// In stripes of kZ times kLanes; kTaken rows are summed up at a time, which the registers hold.
template <std::int64_t kZ, std::int64_t kTaken>
void attendIn(const Head<Bf16>& head, const std::uint16_t* q, std::int64_t qStep, std::int64_t count,
              std::uint16_t* out, std::int64_t outStep) {
    static_assert(kRows % kTaken == 0 && kRows % kScoreRows == 0);
    constexpr std::int64_t kStripe = kZ * kLanes;
    constexpr std::int64_t kStripes = kStripe == kWideStripe ? kWidestHead / kWideStripe : 1;
    constexpr std::int64_t kSumsOfStripe = kRows * kStripe;
    alignas(64) std::uint16_t queries[kRows * kStripes * kStripe];
    alignas(64) float scores[kRows * kBlock];
    alignas(64) std::uint16_t weights[kRows * kBlock];
    alignas(64) float sums[kStripes * kSumsOfStripe];
    Running running;
    __builtin_memset(queries, 0, sizeof queries);
    __builtin_memset(sums, 0, sizeof sums);
    const std::int64_t width = head.width;
    const std::int64_t stripes = (width + kStripe - 1) / kStripe;
    const std::int64_t valuesOfStripe = upTo(head.count, kGroup) * kStripe;
    for (std::int64_t row = 0; row < count; ++row) {
        __builtin_memcpy(queries + row * width, q + row * qStep, sizeof *q * static_cast<std::size_t>(width));
    }
    for (std::int64_t row = 0; row < kRows; ++row) {
        running.greatest[row] = kLowest;
        running.total[row] = 0;
    }
    // To the base 2, and by the root of the width.
    const float scale = 1.442695041F / __builtin_sqrtf(static_cast<float>(width));
    for (std::int64_t first = 0; first < head.count; first += kBlock) {
        const std::int64_t here = head.count - first < kBlock ? head.count - first : kBlock;
        const std::int64_t groups = upTo(here, kGroup) / kGroup;
        for (std::int64_t group = 0; group < groups; ++group) {
            const std::uint16_t* const keys = head.keys + (first + group * kGroup) * width;
            for (std::int64_t row = 0; row < kRows; row += kScoreRows) {
                score(queries + row * width, width, keys, scores + row * kBlock + group * kGroup);
            }
        }
        for (std::int64_t row = 0; row < kRows; ++row) {
            weigh(scores + row * kBlock, here, groups * kGroup, scale, running, row, weights + row * kBlock);
        }
        for (std::int64_t stripe = 0; stripe < stripes; ++stripe) {
            const std::uint16_t* const values = head.values + stripe * valuesOfStripe + first * kStripe;
            for (std::int64_t row = 0; row < kRows; row += kTaken) {
                add<kZ, kTaken>(weights + row * kBlock, running.keep + row, values, groups * kGroup / 2,
                                sums + stripe * kSumsOfStripe + row * kStripe);
            }
        }
    }
    for (std::int64_t row = 0; row < count; ++row) {
        const __m512 total = _mm512_set1_ps(running.total[row]);
        for (std::int64_t i = 0; i < width; i += kLanes) {
            const float* const sum = sums + i / kStripe * kSumsOfStripe + row * kStripe + i % kStripe;
            const __m512 mean = _mm512_div_ps(_mm512_loadu_ps(sum), total);
            const auto there = static_cast<__mmask16>(width - i >= kLanes ? 0xFFFF : (1 << (width - i)) - 1);
            _mm256_mask_storeu_epi16(out + row * outStep + i, there,
                                     reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(mean)));
        }
    }
}

/// Numbers of a value that are summed up together, a multiple of kLanes: all, of one that is not too wide.
std::int64_t stripeOf(std::int64_t width) {
    return width > kWidestAlone ? kWideStripe : upTo(width, kLanes);
}

std::int64_t sizeOfKeys(std::int64_t count, std::int64_t width) {
    return upTo(count, kGroup) * width;
}

std::int64_t sizeOfValues(std::int64_t count, std::int64_t width) {
    return upTo(count, kGroup) * upTo(width, stripeOf(width));
}

/// To [groups of keys, pairs of numbers, kGroup, 2].
void packKeys(const std::uint16_t* from, std::int64_t step, std::int64_t count, std::int64_t width,
              std::uint16_t* packed) {
    for (std::int64_t first = 0; first < count; first += kGroup, packed += kGroup * width) {
        for (std::int64_t key = 0; key < kGroup; ++key) {
            const bool isThere = first + key < count;
            const std::uint16_t* const numbers = from + (first + key) * step;
            for (std::int64_t i = 0; i < width; i += 2) {
                std::uint16_t* const place = packed + i * kGroup + 2 * key;
                place[0] = isThere ? numbers[i] : std::uint16_t{0};
                place[1] = isThere ? numbers[i + 1] : std::uint16_t{0};
            }
        }
    }
}

/// To [stripes, pairs of values, numbers of a stripe, 2], with zeros behind them up to whole groups and
/// stripes.
void packValues(const std::uint16_t* from, std::int64_t step, std::int64_t count, std::int64_t width,
                std::uint16_t* packed) {
    const std::int64_t stripe = stripeOf(width);
    const std::int64_t padded = upTo(count, kGroup);
    for (std::int64_t first = 0; first < width; first += stripe, packed += padded * stripe) {
        for (std::int64_t key = 0; key < padded; ++key) {
            std::uint16_t* const place = packed + key / 2 * 2 * stripe + key % 2;
            const std::uint16_t* const numbers = from + key * step + first;
            const std::int64_t there = key < count ? width - first : 0;
            for (std::int64_t i = 0; i < stripe; ++i) {
                place[2 * i] = i < there ? numbers[i] : std::uint16_t{0};
            }
        }
    }
}

void attend(const Head<Bf16>& head, const std::uint16_t* q, std::int64_t qStep, std::int64_t count,
            std::uint16_t* out, std::int64_t outStep) {
    switch (stripeOf(head.width) / kLanes) {
        case 1:
            return attendIn<1, 24>(head, q, qStep, count, out, outStep);
        case 2:
            return attendIn<2, 12>(head, q, qStep, count, out, outStep);
        case 3:
            return attendIn<3, 8>(head, q, qStep, count, out, outStep);
        case 4:
            return attendIn<4, 6>(head, q, qStep, count, out, outStep);
        case 5:
            return attendIn<5, 4>(head, q, qStep, count, out, outStep);
        case 6:
            return attendIn<6, 4>(head, q, qStep, count, out, outStep);
        case 7:
            return attendIn<7, 3>(head, q, qStep, count, out, outStep);
        case 8:
            return attendIn<8, 3>(head, q, qStep, count, out, outStep);
        case 9:
            return attendIn<9, 2>(head, q, qStep, count, out, outStep);
        default:
            return attendIn<10, 2>(head, q, qStep, count, out, outStep);
    }
}

}  // namespace

const AttentionForm<Bf16>& attentionInAvx512Bf16() {
    static constexpr AttentionForm<Bf16> kForm{kRows, sizeOfKeys, sizeOfValues, packKeys, packValues, attend};
    return kForm;
}

}  // namespace easel::kernels
