// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "server/diffusion/device.h"
#include "server/diffusion/networks/text/clip.h"
#include "server/diffusion/networks/unet/unet.h"
#include "server/diffusion/networks/vae/vae.h"
#include "server/diffusion/samplers/sampler.h"
#include "server/image/image.h"
#include "server/models/model_folder.h"
#include "server/prompt/tokenizer.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// A model in memory, and the stages that a picture goes through. Its owner is Engine, whose one thread
/// uses it under c10::InferenceMode. Errors are thrown as Failure.
class Pipeline {
public:
    Pipeline(const std::filesystem::path& folder, Device device);

    const Device& device() const { return m_device; }
    /// What was found in the weights and passed over, a sentence each.
    const std::vector<std::string>& notes() const { return m_notes; }

    /// Numbers that the UNet's first layer puts out while one picture of `settings` is drawn: how much work
    /// an operation is.
    std::int64_t activationSize(const protocol::GenerationSettings& settings) const;

    /// → [1, T, D] in the device's dtype, without the text encoder's last `skippedLayers`. The last few are
    /// remembered.
    at::Tensor encode(const std::string& prompt, int skippedLayers = 0);

    /// Image `index` of a request at its first step. Its noise comes from a CPU generator of its own, so
    /// that a seed means the same picture on any device, alone or among others.
    std::unique_ptr<Sampler> begin(const protocol::GenerationSettings& settings, int index) const;

    /// What guidance makes of the UNet's answers to `query` with and without the prompt. Without
    /// `negative` there is no guidance and one branch.
    at::Tensor predict(const Query& query, const at::Tensor& negative, const at::Tensor& positive,
                       double guidance) const;

    /// latents [1, C, H, W] → [1, 3, 8H, 8W], about -1 to 1, in the device's dtype.
    at::Tensor decode(const at::Tensor& latents) const;

private:
    models::ModelFolder m_model;
    Device m_device;
    std::vector<std::string> m_notes;  // before the networks, which add to it
    prompt::Tokenizer m_tokenizer;
    TextEncoder m_textEncoder;
    UNet m_unet;
    Vae m_vae;

    struct Encoded {
        std::string prompt;
        int skippedLayers;
        at::Tensor context;
    };
    std::list<Encoded> m_encoded;  // the latest first
};

/// [1, 3, H, W], about -1 to 1 → 8-bit pixels, rounded half to even. Throws where a number is not finite.
image::Image toImage(const at::Tensor& decoded);

}  // namespace easel::diffusion
