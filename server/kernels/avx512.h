// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <cstdint>

/// For the files that are compiled for AVX-512 with BF16. Nothing that others have may come into those, not
/// even templates of the standard library: the linker takes any one's copy.
namespace easel::kernels::avx512 {

inline constexpr std::int64_t kLanes = 16;  ///< numbers that are computed at a time

/// As in no other file: each has its own copy.
namespace {

/// 2^x, to five digits; what is not a number stays so.
[[maybe_unused]] __m512 power(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-127), x);
    const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 rest = _mm512_sub_ps(x, whole);
    // The powers of ln 2 over the factorials, made even over the interval.
    __m512 sum = _mm512_set1_ps(0.009670771F);
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(0.055503324F));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(0.240226462F));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(0.693147187F));
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(1));
    return _mm512_scalef_ps(sum, whole);
}

/// kLanes numbers of bfloat16 in single precision.
[[maybe_unused]] __m512 widened(const std::uint16_t* numbers) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

/// And back.
[[maybe_unused]] __m256i narrowed(__m512 numbers) {
    return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(numbers));
}

}  // namespace
}  // namespace easel::kernels::avx512
