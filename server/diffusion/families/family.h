// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/diffusion/accelerations/shortcuts.h"
#include "server/diffusion/conditioning/text_stack.h"
#include "server/diffusion/networks/controlnet/controlnet.h"
#include "server/diffusion/networks/residuals.h"
#include "server/diffusion/networks/vae/tiny_decoder.h"
#include "server/diffusion/networks/vae/vae.h"
#include "server/diffusion/weights/adapters.h"
#include "server/diffusion/weights/parts.h"
#include "server/diffusion/weights/weights.h"
#include "server/models/model_folder.h"

namespace easel::diffusion {

/// What tells noise from picture at each step.
class Denoiser {
public:
    virtual ~Denoiser() = default;

    /// x [B, C, H, W] in the model's dtype, t [B] float32 (fractions allowed), conditioning and residuals of
    /// B pictures → [B, C, H, W]: what the model was trained to predict, or nearly that with `shortcuts`.
    virtual at::Tensor predict(const at::Tensor& x, const at::Tensor& t, const Conditioning& conditioning,
                               const Residuals& residuals = {}, const Shortcuts& shortcuts = {}) const = 0;
};

/// The networks of a model in memory, whatever its family.
struct Networks {
    TextStack text;
    std::shared_ptr<const Denoiser> denoiser;
    std::shared_ptr<ResidentNetwork<Vae>> vae;
    c10::ScalarType vaeDtype;                        ///< what that computes in
    std::shared_ptr<const TinyDecoder> tinyDecoder;  ///< null where the model brings none
    /// By the part's name.
    std::map<std::string, std::shared_ptr<const ControlNet>> controlNets;
    /// What was passed over in the weights, a sentence each.
    std::vector<std::string> notes;
};

/// The parts that a model, as `adapters` change it, is made of, without their networks: a changed copy comes
/// after what it is a copy of. Throws Failure.
Parts partsOf(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters);

/// Loads a model's networks as its family has them, and as `adapters` change them. Those that are among
/// `parts` are taken from there; the others are added. Throws Failure.
Networks loadNetworks(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters,
                      Parts& parts);

}  // namespace easel::diffusion
