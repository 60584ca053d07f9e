// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/group_norm_avx512.h"

#include "server/kernels/avx512.h"

namespace easel::kernels::avx512 {
namespace {

/// x / (1 + e^-x)
__m512 silu(__m512 x) {
    const __m512 small = power(_mm512_mul_ps(x, _mm512_set1_ps(-1.442695041F)));
    return _mm512_div_ps(x, _mm512_add_ps(small, _mm512_set1_ps(1)));
}

template <bool kWithSilu>
void normalizeAll(const std::uint16_t* x, std::int64_t places, std::int64_t channels, const float* scales,
                  const float* shifts, std::uint16_t* out) {
    for (std::int64_t place = 0; place < places; ++place) {
        for (std::int64_t i = 0; i < channels; i += kLanes) {
            __m512 y =
                _mm512_fmadd_ps(widened(x + i), _mm512_loadu_ps(scales + i), _mm512_loadu_ps(shifts + i));
            if constexpr (kWithSilu) {
                y = silu(y);
            }
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), narrowed(y));
        }
        x += channels;
        out += channels;
    }
}

}  // namespace

void sumUp(const std::uint16_t* x, std::int64_t places, std::int64_t channels, const std::uint16_t* firsts,
           float* sums) {
    constexpr std::int64_t kAtATime = 4;  // as many of a row of the cache as there are registers to spare
    for (std::int64_t i = 0; i < channels; i += kAtATime * kLanes) {
        const std::int64_t left = (channels - i) / kLanes;
        const std::int64_t taken = left < kAtATime ? left : kAtATime;
        __m512 plain[kAtATime];
        __m512 squares[kAtATime];
        __m512 first[kAtATime];
        for (std::int64_t each = 0; each < taken; ++each) {
            plain[each] = squares[each] = _mm512_setzero_ps();
            first[each] = widened(firsts + i + each * kLanes);
        }
        const std::uint16_t* numbers = x + i;
        for (std::int64_t place = 0; place < places; ++place, numbers += channels) {
            for (std::int64_t each = 0; each < taken; ++each) {
                const __m512 over = _mm512_sub_ps(widened(numbers + each * kLanes), first[each]);
                plain[each] = _mm512_add_ps(plain[each], over);
                squares[each] = _mm512_fmadd_ps(over, over, squares[each]);
            }
        }
        for (std::int64_t each = 0; each < taken; ++each) {
            _mm512_storeu_ps(sums + i + each * kLanes, plain[each]);
            _mm512_storeu_ps(sums + channels + i + each * kLanes, squares[each]);
        }
    }
}

void normalize(const std::uint16_t* x, std::int64_t places, std::int64_t channels, const float* scales,
               const float* shifts, bool withSilu, std::uint16_t* out) {
    (withSilu ? normalizeAll<true> : normalizeAll<false>)(x, places, channels, scales, shifts, out);
}

}  // namespace easel::kernels::avx512
