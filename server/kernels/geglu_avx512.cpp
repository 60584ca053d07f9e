// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/avx512.h"
#include "server/kernels/geglu.h"

namespace easel::kernels {
namespace {

using avx512::kLanes;

/// 1 - erf(x / √2) of what is not negative: Abramowitz and Stegun, 7.1.26, whose error is 1.5e-7.
__m512 beyond(__m512 x) {
    constexpr float kP = 0.3275911F * 0.70710678F;
    const __m512 one = _mm512_set1_ps(1);
    const __m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(x, _mm512_set1_ps(kP), one));
    __m512 sum = _mm512_set1_ps(1.061405429F);
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(-1.453152027F));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(1.421413741F));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(-0.284496736F));
    sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(0.254829592F));
    const __m512 falling =
        avx512::power(_mm512_mul_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(-0.5F * 1.442695041F)));
    return _mm512_mul_ps(_mm512_mul_ps(sum, t), falling);
}

__m512 gelu(__m512 x) {
    const __m512 half = _mm512_mul_ps(beyond(_mm512_abs_ps(x)), _mm512_set1_ps(0.5F));
    const __mmask16 isNegative = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_mul_ps(x, _mm512_mask_mov_ps(_mm512_sub_ps(_mm512_set1_ps(1), half), isNegative, half));
}

}  // namespace

void gegluBf16(const Bf16* x, std::int64_t places, std::int64_t width, Bf16* out) {
    for (std::int64_t place = 0; place < places; ++place, x += 2 * width, out += width) {
        for (std::int64_t i = 0; i < width; i += kLanes) {
            const __m512 made = _mm512_mul_ps(avx512::widened(x + i), gelu(avx512::widened(x + width + i)));
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), avx512::narrowed(made));
        }
    }
}

}  // namespace easel::kernels
