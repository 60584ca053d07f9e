// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/attention.h"

#include <algorithm>

#include "server/kernels/processor.h"

namespace easel::kernels {

template <>
const AttentionForm<Bf16>* attentionForm<Bf16>() {
    return hasBf16() ? &attentionInAvx512Bf16() : nullptr;
}

template <>
const AttentionForm<float>* attentionForm<float>() {
    return hasAvx512() ? &attentionInAvx512() : hasAvx2() ? &attentionInAvx2() : nullptr;
}

template <typename Number>
Attention<Number>::Attention(const Shape& shape, const AttentionForm<Number>& form)
    : m_shape(shape),
      m_form(form),
      m_blocksOfHead((shape.queries + form.rows - 1) / form.rows),
      m_keysOfHead(static_cast<std::size_t>(form.sizeOfKeys(shape.keys, shape.width))),
      m_valuesOfHead(static_cast<std::size_t>(form.sizeOfValues(shape.keys, shape.width))),
      m_keys(std::make_unique_for_overwrite<Number[]>(m_keysOfHead * static_cast<std::size_t>(packings()))),
      m_values(
          std::make_unique_for_overwrite<Number[]>(m_valuesOfHead * static_cast<std::size_t>(packings()))) {}

template <typename Number>
void Attention<Number>::pack(std::int64_t packing, const Sequences<const Number>& k,
                             const Sequences<const Number>& v) {
    const std::int64_t row = packing / m_shape.heads;
    const std::int64_t head = packing % m_shape.heads;
    const auto place = static_cast<std::size_t>(packing);
    m_form.packKeys(k.at(row, 0, head), k.ofPlace, m_shape.keys, m_shape.width,
                    m_keys.get() + place * m_keysOfHead);
    m_form.packValues(v.at(row, 0, head), v.ofPlace, m_shape.keys, m_shape.width,
                      m_values.get() + place * m_valuesOfHead);
}

template <typename Number>
void Attention<Number>::run(std::int64_t block, const Sequences<const Number>& q,
                            const Sequences<Number>& out) const {
    const std::int64_t packing = block / m_blocksOfHead;
    const std::int64_t first = block % m_blocksOfHead * m_form.rows;
    const std::int64_t row = packing / m_shape.heads;
    const std::int64_t head = packing % m_shape.heads;
    const auto place = static_cast<std::size_t>(packing);
    m_form.attend({m_keys.get() + place * m_keysOfHead, m_values.get() + place * m_valuesOfHead, m_shape.keys,
                   m_shape.width},
                  q.at(row, first, head), q.ofPlace, std::min(m_form.rows, m_shape.queries - first),
                  out.at(row, first, head), out.ofPlace);
}

template class Attention<Bf16>;
template class Attention<float>;

}  // namespace easel::kernels
