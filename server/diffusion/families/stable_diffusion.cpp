// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/stable_diffusion.h"

#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/unet/unet.h"

namespace easel::diffusion {
namespace {

class UNetDenoiser : public Denoiser {
public:
    explicit UNetDenoiser(UNet unet) : m_unet(std::move(unet)) {}

    at::Tensor predict(const at::Tensor& x, const at::Tensor& t,
                       const Conditioning& conditioning) const override {
        return m_unet.forward(x, t, conditioning.context);
    }

private:
    UNet m_unet;
};

/// Opens the weights of `folder` and builds `Network` from them.
template <typename Network, typename Config>
Network load(const std::filesystem::path& folder, models::WeightNaming naming, const Config& config,
             const Placement& placement, std::vector<std::string>& notes) {
    auto source = valueOrThrow(models::TensorSource::open(folder, naming));
    if (!source.note().empty()) {
        notes.push_back(source.note());
    }
    const Weights weights(std::move(source), placement);
    Network network(weights, config);
    const auto passedOver = weights.finish();
    notes.insert(notes.end(), passedOver.begin(), passedOver.end());
    return network;
}

}  // namespace

Networks loadStableDiffusion(const models::ModelFolder& model, const Placement& placement,
                             std::vector<std::string>& notes) {
    std::vector<TextPart> parts;
    parts.push_back({valueOrThrow(prompt::Tokenizer::load(model.tokenizerFolder())),
                     load<TextEncoder>(model.textEncoderFolder(), models::WeightNaming::Transformers,
                                       model.textEncoder, placement, notes),
                     model.textEncoder.vocabSize});
    auto unet = load<UNet>(model.unetFolder(), models::WeightNaming::Diffusers, model.unet, placement, notes);
    return {TextStack(std::move(parts), placement.device), std::make_unique<UNetDenoiser>(std::move(unet)),
            load<Vae>(model.vaeFolder(), models::WeightNaming::Diffusers, model.vae, placement, notes)};
}

}  // namespace easel::diffusion
