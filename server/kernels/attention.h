// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/kernels/attention_form.h"

namespace easel::kernels {

/// Vectors of each head at each place of each row of a batch; the numbers of one lie side by side.
template <typename Number>
struct Sequences {
    Number* data;
    std::int64_t ofRow;    ///< from a row of the batch to the next, in numbers
    std::int64_t ofPlace;  ///< from a place to the next
    std::int64_t ofHead;   ///< from a head to the next

    Number* at(std::int64_t row, std::int64_t place, std::int64_t head) const {
        return data + row * ofRow + place * ofPlace + head * ofHead;
    }
};

/// The best on this processor; null where there is none.
template <typename Number>
const AttentionForm<Number>* attentionForm();
template <>
const AttentionForm<Bf16>* attentionForm<Bf16>();
template <>
const AttentionForm<float>* attentionForm<float>();

/// Scaled dot-product attention of float32 or bfloat16, without a mask; scores and sums are float32. The work
/// is in parts that any threads may do: first all packings, then all blocks.
/// https://arxiv.org/abs/2307.08691, with the scores of a block of keys kept in the cache.
template <typename Number>
class Attention {
public:
    struct Shape {
        std::int64_t rows;  ///< of the batch
        std::int64_t heads;
        std::int64_t queries;  ///< places of q
        std::int64_t keys;     ///< places of k and v, at least one
        std::int64_t width;    ///< numbers of a vector, which takes() takes
    };

    /// Whether vectors of `width` numbers can be taken.
    static bool takes(std::int64_t width) { return width % 2 == 0 && width >= 16 && width <= kWidestHead; }

    explicit Attention(const Shape& shape, const AttentionForm<Number>& form = *attentionForm<Number>());

    std::int64_t packings() const { return m_shape.rows * m_shape.heads; }
    void pack(std::int64_t packing, const Sequences<const Number>& k, const Sequences<const Number>& v);

    std::int64_t blocks() const { return packings() * m_blocksOfHead; }
    void run(std::int64_t block, const Sequences<const Number>& q, const Sequences<Number>& out) const;

private:
    Shape m_shape;
    const AttentionForm<Number>& m_form;
    std::int64_t m_blocksOfHead;
    std::size_t m_keysOfHead;          // numbers of a head's packed keys
    std::size_t m_valuesOfHead;        // and values
    std::unique_ptr<Number[]> m_keys;  // not set to zero first: pack() writes all of it
    std::unique_ptr<Number[]> m_values;
};

extern template class Attention<Bf16>;
extern template class Attention<float>;

}  // namespace easel::kernels
