// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/kernels/attention_form.h"

/// Attention of float32, for each file that is compiled for other instructions: that says in kLanes how many
/// numbers those compute at a time, in kScoreLanes times how many keys are scored at a time, and in kSums how
/// many sums the registers hold. As in no other file: each has its own copy.
namespace easel::kernels {
namespace {

using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using Bits = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

constexpr std::int64_t kRows = 24;    // of q that are taken at a time
constexpr std::int64_t kBlock = 128;  // keys whose scores are in the cache at a time
constexpr std::int64_t kGroup = kScoreLanes * kLanes;
constexpr std::int64_t kScoreRows = 6;
constexpr std::int64_t kWidestStripe = kSums / 2 < 8 ? kSums / 2 : 8;  // in lanes
constexpr float kLowest = -1e30F;
static_assert(kBlock % kGroup == 0 && kRows % kScoreRows == 0);

std::int64_t parts(std::int64_t value, std::int64_t size) {
    return (value + size - 1) / size;
}

std::int64_t upTo(std::int64_t value, std::int64_t multiple) {
    return parts(value, multiple) * multiple;
}

Lanes load(const float* numbers) {
    Lanes lanes;
    __builtin_memcpy(&lanes, numbers, sizeof lanes);
    return lanes;
}

void store(float* numbers, Lanes lanes) {
    __builtin_memcpy(numbers, &lanes, sizeof lanes);
}

Lanes all(float number) {
    return number - Lanes{};
}

/// 2^x of what is not positive, to seven digits; what is not a number stays so.
Lanes power(Lanes x) {
    constexpr float kWhole = 12582912;  // added to a number, leaves the whole one in the last bits
    x = x < -126 ? all(-126) : x;
    const Lanes shifted = x + kWhole;
    const Lanes rest = x - (shifted - kWhole);
    // The powers of ln 2 over the factorials, made even over the interval.
    Lanes sum = all(0.000154614447F);
    constexpr float kTerms[] = {0.00134004282F, 0.00961805668F, 0.0555032723F, 0.240226509F, 0.693147207F, 1};
    for (const float term : kTerms) {
        sum = sum * rest + term;
    }
    return reinterpret_cast<Lanes>(reinterpret_cast<Bits>(sum) + (reinterpret_cast<Bits>(shifted) << 23));
}

/// A group's scores of kScoreRows rows of q.
void score(const float* q, std::int64_t width, const float* keys, float* scores) {
    Lanes sums[kScoreRows][kScoreLanes] = {};
    for (std::int64_t i = 0; i < width; ++i, keys += kGroup) {
        Lanes key[kScoreLanes];
#pragma GCC unroll 4
        for (std::int64_t lane = 0; lane < kScoreLanes; ++lane) {
            key[lane] = load(keys + lane * kLanes);
        }
#pragma GCC unroll 6
        for (std::int64_t row = 0; row < kScoreRows; ++row) {
            const Lanes query = all(q[row * width + i]);
#pragma GCC unroll 4
            for (std::int64_t lane = 0; lane < kScoreLanes; ++lane) {
                sums[row][lane] += query * key[lane];
            }
        }
    }
    for (std::int64_t row = 0; row < kScoreRows; ++row) {
        for (std::int64_t lane = 0; lane < kScoreLanes; ++lane) {
            store(scores + row * kBlock + lane * kLanes, sums[row][lane]);
        }
    }
}

/// What is known of a row of q so far.
struct Running {
    float greatest[kRows];  // score
    float total[kRows];     // of the weights
    float keep[kRows];      // what the sums so far are multiplied with
};

/// Makes a row's `count` scores, padded to whole lanes, into weights.
void weigh(float* scores, std::int64_t count, float scale, Running& running, std::int64_t row) {
    const std::int64_t padded = upTo(count, kLanes);
    for (std::int64_t i = count; i < padded; ++i) {
        scores[i] = kLowest;
    }
    Lanes greatest = all(running.greatest[row]);
    for (std::int64_t i = 0; i < padded; i += kLanes) {
        const Lanes here = load(scores + i);
        greatest = here > greatest ? here : greatest;
    }
    float now = greatest[0];
    for (std::int64_t lane = 1; lane < kLanes; ++lane) {
        now = greatest[lane] > now ? greatest[lane] : now;
    }
    Lanes sum = {};
    for (std::int64_t i = 0; i < padded; i += kLanes) {
        const Lanes weight = power((load(scores + i) - now) * scale);
        store(scores + i, weight);
        sum += weight;
    }
    float total = 0;
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        total += sum[lane];
    }
    running.keep[row] = power(all((running.greatest[row] - now) * scale))[0];
    running.greatest[row] = now;
    running.total[row] = running.total[row] * running.keep[row] + total;
}

/// Adds `count` values to kTaken rows of sums, each kZ times kLanes wide.
template <std::int64_t kZ, std::int64_t kTaken>
void add(const float* weights, const float* keep, const float* values, std::int64_t count, float* sums) {
    Lanes sum[kTaken][kZ];
#pragma GCC unroll 24
    for (std::int64_t row = 0; row < kTaken; ++row) {
#pragma GCC unroll 8
        for (std::int64_t z = 0; z < kZ; ++z) {
            sum[row][z] = load(sums + (row * kZ + z) * kLanes) * keep[row];
        }
    }
    for (std::int64_t i = 0; i < count; ++i, values += kZ * kLanes) {
        Lanes value[kZ];
#pragma GCC unroll 8
        for (std::int64_t z = 0; z < kZ; ++z) {
            value[z] = load(values + z * kLanes);
        }
#pragma GCC unroll 24
        for (std::int64_t row = 0; row < kTaken; ++row) {
            const Lanes weight = all(weights[row * kBlock + i]);
#pragma GCC unroll 8
            for (std::int64_t z = 0; z < kZ; ++z) {
                sum[row][z] += weight * value[z];
            }
        }
    }
#pragma GCC unroll 24
    for (std::int64_t row = 0; row < kTaken; ++row) {
#pragma GCC unroll 8
        for (std::int64_t z = 0; z < kZ; ++z) {
            store(sums + (row * kZ + z) * kLanes, sum[row][z]);
        }
    }
}

/// Lanes of a stripe: of values so many numbers are summed up together, about as many in each stripe.
std::int64_t stripeOf(std::int64_t width) {
    const std::int64_t lanes = parts(width, kLanes);
    return parts(lanes, parts(lanes, kWidestStripe));
}

/// As many rows at a time as the registers hold sums of, that part kRows.
constexpr std::int64_t rowsOf(std::int64_t stripe) {
    std::int64_t rows = kSums / stripe;
    while (kRows % rows != 0) {
        --rows;
    }
    return rows;
}

template <std::int64_t kZ>
void attendIn(const Head<float>& head, const float* q, std::int64_t qStep, std::int64_t count, float* out,
              std::int64_t outStep) {
    constexpr std::int64_t kTaken = rowsOf(kZ);
    constexpr std::int64_t kStripe = kZ * kLanes;
    constexpr std::int64_t kSumsOfStripe = kRows * kStripe;
    alignas(64) float queries[kRows * kWidestHead];
    alignas(64) float scores[kRows * kBlock];
    alignas(64) float sums[kRows * (kWidestHead + kStripe)];
    Running running;
    const std::int64_t width = head.width;
    const std::int64_t stripes = parts(width, kStripe);
    __builtin_memset(queries, 0, sizeof *queries * static_cast<std::size_t>(kRows * width));
    __builtin_memset(sums, 0, sizeof *sums * static_cast<std::size_t>(stripes * kSumsOfStripe));
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
        for (std::int64_t key = 0; key < here; key += kGroup) {
            for (std::int64_t row = 0; row < kRows; row += kScoreRows) {
                score(queries + row * width, width, head.keys + (first + key) * width,
                      scores + row * kBlock + key);
            }
        }
        for (std::int64_t row = 0; row < kRows; ++row) {
            weigh(scores + row * kBlock, here, scale, running, row);
        }
        for (std::int64_t stripe = 0; stripe < stripes; ++stripe) {
            const float* const values = head.values + (stripe * head.count + first) * kStripe;
            for (std::int64_t row = 0; row < kRows; row += kTaken) {
                add<kZ, kTaken>(scores + row * kBlock, running.keep + row, values, here,
                                sums + stripe * kSumsOfStripe + row * kStripe);
            }
        }
    }
    for (std::int64_t row = 0; row < count; ++row) {
        for (std::int64_t i = 0; i < width; ++i) {
            out[row * outStep + i] =
                sums[i / kStripe * kSumsOfStripe + row * kStripe + i % kStripe] / running.total[row];
        }
    }
}

template <std::int64_t kZ = 1>
void attend(const Head<float>& head, const float* q, std::int64_t qStep, std::int64_t count, float* out,
            std::int64_t outStep) {
    if constexpr (kZ < kWidestStripe) {
        if (stripeOf(head.width) > kZ) {
            return attend<kZ + 1>(head, q, qStep, count, out, outStep);
        }
    }
    attendIn<kZ>(head, q, qStep, count, out, outStep);
}

std::int64_t sizeOfKeys(std::int64_t count, std::int64_t width) {
    return upTo(count, kGroup) * width;
}

std::int64_t sizeOfValues(std::int64_t count, std::int64_t width) {
    return count * upTo(width, stripeOf(width) * kLanes);
}

/// To [groups of keys, width, kGroup].
void packKeys(const float* from, std::int64_t step, std::int64_t count, std::int64_t width, float* packed) {
    for (std::int64_t first = 0; first < count; first += kGroup, packed += kGroup * width) {
        for (std::int64_t key = 0; key < kGroup; ++key) {
            const float* const numbers = from + (first + key) * step;
            for (std::int64_t i = 0; i < width; ++i) {
                packed[i * kGroup + key] = first + key < count ? numbers[i] : 0;
            }
        }
    }
}

/// To [stripes, values, numbers of a stripe], with zeros behind them up to whole stripes.
void packValues(const float* from, std::int64_t step, std::int64_t count, std::int64_t width, float* packed) {
    const std::int64_t stripe = stripeOf(width) * kLanes;
    for (std::int64_t first = 0; first < width; first += stripe) {
        const std::int64_t there = width - first < stripe ? width - first : stripe;
        for (std::int64_t value = 0; value < count; ++value, packed += stripe) {
            for (std::int64_t i = 0; i < stripe; ++i) {
                packed[i] = i < there ? from[value * step + first + i] : 0;
            }
        }
    }
}

constexpr AttentionForm<float> kForm{kRows, sizeOfKeys, sizeOfValues, packKeys, packValues, attend<>};

}  // namespace
}  // namespace easel::kernels
