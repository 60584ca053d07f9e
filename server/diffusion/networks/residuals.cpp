// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/residuals.h"

#include <ATen/ATen.h>

#include <string>

#include "server/diffusion/failure.h"

namespace easel::diffusion {

void Residuals::addTo(Skips& onSkips, at::Tensor& onMid) const {
    if (!skips.empty() && skips.size() != onSkips.size()) {
        throw Failure(protocol::internalError("There are " + std::to_string(skips.size()) +
                                              " residuals for the " + std::to_string(onSkips.size()) +
                                              " skips of this UNet."));
    }
    // Not in place: without a middle block the last skip is also what goes on.
    for (std::size_t i = 0; i < skips.size(); ++i) {
        onSkips[i] = onSkips[i] + skips[i];
    }
    if (mid.defined()) {
        onMid = onMid + mid;
    }
}

void Residuals::add(const Residuals& other) {
    if (skips.empty() && !mid.defined()) {
        *this = other;
    } else {
        other.addTo(skips, mid);
    }
}

}  // namespace easel::diffusion
