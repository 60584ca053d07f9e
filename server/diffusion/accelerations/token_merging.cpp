// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/accelerations/token_merging.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace easel::diffusion {
namespace {

/// Comparisons that lie in memory at a time.
constexpr std::int64_t kComparisons = std::int64_t{4} << 20;

struct Places {
    at::Tensor stay;    // of a map's, those that stay themselves
    at::Tensor others;  // and those that may join one of them
};

/// A last row or column without a second to make cells with has none that stays.
Places placesOf(std::int64_t height, std::int64_t width, const at::TensorOptions& options) {
    const at::Tensor map = at::arange(height * width, options).view({height, width});
    const std::int64_t inCells = height / 2 * 2;  // rows
    const at::Tensor rows = map.slice(0, 0, inCells);
    const at::Tensor cells = rows.slice(1, 0, width / 2 * 2);
    const auto ofEachCell = [&cells](std::int64_t y, std::int64_t x) {
        return cells.slice(0, y, {}, 2).slice(1, x, {}, 2).flatten();
    };
    return {ofEachCell(0, 0),
            at::cat({ofEachCell(0, 1), ofEachCell(1, 0), ofEachCell(1, 1),
                     rows.slice(1, width / 2 * 2).flatten(), map.slice(0, inCells).flatten()})};
}

struct Likeness {
    at::Tensor greatest;  // [S]
    at::Tensor to;        // [S], which of those that stay
};

/// Of one map's others [S, C] to those that stay [D, C], all of length 1.
Likeness likenessOf(const at::Tensor& others, const at::Tensor& stay) {
    const std::int64_t together = std::max<std::int64_t>(kComparisons / stay.size(0), 1);
    std::vector<at::Tensor> greatest;
    std::vector<at::Tensor> to;
    for (const at::Tensor& some : others.split(together)) {
        auto [value, index] = some.matmul(stay.t()).max(1);
        greatest.push_back(std::move(value));
        to.push_back(std::move(index));
    }
    return {at::cat(greatest), at::cat(to)};
}

/// For each place of a map, whose features are x [HW, C], the row that it becomes a part of: `joining` of the
/// others that of the one they are most like. First come the others that join none, then those that stay.
at::Tensor rowsOf(const at::Tensor& x, const Places& places, std::int64_t joining) {
    const at::Tensor y = x.to(at::kFloat);
    const at::Tensor unit = y / y.norm(2, {1}, true).clamp_min(1e-12);
    const auto likeness = likenessOf(unit.index_select(0, places.others), unit.index_select(0, places.stay));
    const at::Tensor order = std::get<1>(likeness.greatest.sort(/*stable=*/true, 0, /*descending=*/true));
    const at::Tensor joins = order.slice(0, 0, joining);
    const at::Tensor apart = order.slice(0, joining);
    const std::int64_t first = apart.size(0);
    const auto counted = [&](std::int64_t from, std::int64_t count) {
        return at::arange(from, from + count, order.options());
    };
    at::Tensor rows = at::empty({x.size(0)}, order.options());
    rows.index_copy_(0, places.others.index_select(0, apart), counted(0, first));
    rows.index_copy_(0, places.stay, counted(first, places.stay.size(0)));
    rows.index_copy_(0, places.others.index_select(0, joins), likeness.to.index_select(0, joins) + first);
    return rows;
}

}  // namespace

TokenMerging::TokenMerging(const at::Tensor& x, const TokensMerged& asked) {
    const std::int64_t all = x.size(1);
    const Places places = placesOf(all / asked.width, asked.width, x.options().dtype(at::kLong));
    const std::int64_t most = places.stay.size(0) > 0 ? places.others.size(0) : 0;
    const auto joining = std::min(static_cast<std::int64_t>(static_cast<double>(all) * asked.share), most);
    std::vector<at::Tensor> rows;
    rows.reserve(static_cast<std::size_t>(x.size(0)));
    for (std::int64_t map = 0; map < x.size(0); ++map) {
        rows.push_back(joining > 0 ? rowsOf(x[map], places, joining)
                                   : at::arange(all, places.stay.options()));
    }
    m_rows = at::stack(rows);
    m_order = std::get<1>(m_rows.sort(/*stable=*/true, 1, /*descending=*/false));
    m_counts = at::zeros({x.size(0), all - joining}, m_rows.options());
    m_counts.scatter_add_(1, m_rows, at::ones_like(m_rows));
}

// Not by adding to rows where they lie, which a GPU does in another order each time; and not in half
// precision, in which a sum of a few hundred stands still.
at::Tensor TokenMerging::merge(const at::Tensor& x) const {
    const at::Tensor ordered = x.gather(1, m_order.unsqueeze(-1).expand_as(x)).to(at::kFloat);
    return at::segment_reduce(ordered, "mean", m_counts, {}, {}, 1, /*unsafe=*/true).to(x.scalar_type());
}

at::Tensor TokenMerging::unmerge(const at::Tensor& y) const {
    return y.gather(1, m_rows.unsqueeze(-1).expand({-1, -1, y.size(2)}));
}

}  // namespace easel::diffusion
