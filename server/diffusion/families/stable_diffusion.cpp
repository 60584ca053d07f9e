// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/stable_diffusion.h"

#include <algorithm>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/unet/unet.h"

namespace easel::diffusion::stable_diffusion {
namespace {

using models::WeightNaming;

class UNetDenoiser final : public Denoiser {
public:
    UNetDenoiser(const Weights& all, const models::UNetConfig& config) : m_unet(all, config) {}

    at::Tensor predict(const at::Tensor& x, const at::Tensor& t,
                       const Conditioning& conditioning) const override {
        return m_unet.forward(x, t, conditioning.context);
    }

private:
    UNet m_unet;
};

/// The weights in `folder`, and the part that they make.
std::pair<models::TensorSource, Part> open(const std::filesystem::path& folder, WeightNaming naming,
                                           const Placement& placement) {
    auto source = valueOrThrow(models::TensorSource::open(folder, naming));
    Part part{identityOf(source, folder / "config.json"), bytesOf(source, placement.dtype), nullptr, {}};
    if (!source.note().empty()) {
        part.notes.push_back(source.note());
    }
    return {std::move(source), std::move(part)};
}

/// The `Network` of `folder`, from `parts` or newly made and added to them; its notes go to `notes`.
template <typename Network, typename Config>
std::shared_ptr<const Network> take(Parts& parts, const std::filesystem::path& folder, WeightNaming naming,
                                    const Config& config, const Placement& placement,
                                    std::vector<std::string>& notes) {
    auto [source, part] = open(folder, naming, placement);
    auto taken = std::ranges::find(parts, part.files, &Part::files);
    if (taken == parts.end()) {
        const Weights weights(std::move(source), placement);
        part.network = std::make_shared<const Network>(weights, config);
        const auto passedOver = weights.finish();
        part.notes.insert(part.notes.end(), passedOver.begin(), passedOver.end());
        taken = parts.insert(taken, std::move(part));
    }
    notes.insert(notes.end(), taken->notes.begin(), taken->notes.end());
    return std::static_pointer_cast<const Network>(taken->network);
}

}  // namespace

Parts partsOf(const models::ModelFolder& model, const Placement& placement) {
    return {open(model.textEncoderFolder(), WeightNaming::Transformers, placement).second,
            open(model.unetFolder(), WeightNaming::Diffusers, placement).second,
            open(model.vaeFolder(), WeightNaming::Diffusers, placement).second};
}

Networks load(const models::ModelFolder& model, const Placement& placement, Parts& parts) {
    std::vector<std::string> notes;
    std::vector<TextPart> text;
    text.push_back({valueOrThrow(prompt::Tokenizer::load(model.tokenizerFolder())),
                    take<TextEncoder>(parts, model.textEncoderFolder(), WeightNaming::Transformers,
                                      model.textEncoder, placement, notes),
                    model.textEncoder.vocabSize});
    auto unet =
        take<UNetDenoiser>(parts, model.unetFolder(), WeightNaming::Diffusers, model.unet, placement, notes);
    auto vae = take<Vae>(parts, model.vaeFolder(), WeightNaming::Diffusers, model.vae, placement, notes);
    return {TextStack(std::move(text), placement.device), std::move(unet), std::move(vae), std::move(notes)};
}

}  // namespace easel::diffusion::stable_diffusion
