// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/attention.h"

#include <algorithm>

#include "server/kernels/attention_avx512.h"

namespace easel::kernels {

AttentionBf16::AttentionBf16(const Shape& shape)
    : m_shape(shape),
      m_blocksOfHead((shape.queries + avx512::kRows - 1) / avx512::kRows),
      m_keysOfHead(static_cast<std::size_t>(avx512::sizeOfKeys(shape.keys, shape.width))),
      m_valuesOfHead(static_cast<std::size_t>(avx512::sizeOfValues(shape.keys, shape.width))),
      m_keys(std::make_unique_for_overwrite<Bf16[]>(m_keysOfHead * static_cast<std::size_t>(packings()))),
      m_values(
          std::make_unique_for_overwrite<Bf16[]>(m_valuesOfHead * static_cast<std::size_t>(packings()))) {
    static_assert(kWidest == avx512::kWidest);
}

void AttentionBf16::pack(std::int64_t packing, const Sequences<const Bf16>& k,
                         const Sequences<const Bf16>& v) {
    const std::int64_t row = packing / m_shape.heads;
    const std::int64_t head = packing % m_shape.heads;
    const auto place = static_cast<std::size_t>(packing);
    avx512::packKeys(k.at(row, 0, head), k.ofPlace, m_shape.keys, m_shape.width,
                     m_keys.get() + place * m_keysOfHead);
    avx512::packValues(v.at(row, 0, head), v.ofPlace, m_shape.keys, m_shape.width,
                       m_values.get() + place * m_valuesOfHead);
}

void AttentionBf16::run(std::int64_t block, const Sequences<const Bf16>& q,
                        const Sequences<Bf16>& out) const {
    const std::int64_t packing = block / m_blocksOfHead;
    const std::int64_t first = block % m_blocksOfHead * avx512::kRows;
    const std::int64_t row = packing / m_shape.heads;
    const std::int64_t head = packing % m_shape.heads;
    const auto place = static_cast<std::size_t>(packing);
    avx512::attend({m_keys.get() + place * m_keysOfHead, m_values.get() + place * m_valuesOfHead,
                    m_shape.keys, m_shape.width},
                   q.at(row, first, head), q.ofPlace, std::min(avx512::kRows, m_shape.queries - first),
                   out.at(row, first, head), out.ofPlace);
}

}  // namespace easel::kernels
