// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/diffusion/networks/vae/decoder.h"
#include "server/diffusion/networks/vae/encoder.h"

namespace easel::diffusion {

/// An AutoencoderKL, both ways.
struct Vae {
    Vae(const Weights& in, const models::VaeConfig& config) : decoder(in, config), encoder(in, config) {}

    /// What it computes in.
    at::ScalarType dtype() const { return decoder.dtype(); }

    VaeDecoder decoder;
    VaeEncoder encoder;
};

}  // namespace easel::diffusion
