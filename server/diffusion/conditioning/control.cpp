// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/control.h"

#include <ATen/ATen.h>

namespace easel::diffusion {

double Control::strengthAt(std::size_t done, std::size_t all) const {
    // Only where the whole of a step lies between the two, as diffusers counts.
    const auto steps = static_cast<double>(all);
    const bool isHeard =
        static_cast<double>(done) / steps >= start && static_cast<double>(done + 1) / steps <= end;
    return isHeard ? scale : 0;
}

ControlRows ControlRows::slice(std::int64_t begin, std::int64_t end) const {
    return {network, hints.slice(0, begin, end), strengths.slice(0, begin, end)};
}

Residuals residualsOf(const ControlRows& rows, const at::Tensor& x, const at::Tensor& t,
                      const Conditioning& conditioning, bool isShort) {
    Residuals residuals = isShort ? rows.network->firstSkip(x, rows.hints)
                                  : rows.network->forward(x, t, conditioning, rows.hints);
    const at::Tensor strengths = rows.strengths.to(x.device(), x.scalar_type());
    for (at::Tensor& skip : residuals.skips) {
        skip.mul_(strengths);
    }
    if (residuals.mid.defined()) {
        residuals.mid.mul_(strengths);
    }
    return residuals;
}

}  // namespace easel::diffusion
