// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/stable_diffusion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/unet/unet.h"

namespace easel::diffusion::stable_diffusion {
namespace {

class UNetDenoiser final : public Denoiser {
public:
    UNetDenoiser(const Weights& all, const models::UNetConfig& config) : m_unet(all, config) {}

    at::Tensor predict(const at::Tensor& x, const at::Tensor& t, const Conditioning& conditioning,
                       const Residuals& residuals, const Shortcuts& shortcuts) const override {
        const at::Tensor& beside = conditioning.concat;
        return m_unet.forward(beside.defined() ? at::cat({x, beside.to(x.scalar_type())}, 1) : x, t,
                              conditioning, residuals, shortcuts);
    }

private:
    UNet m_unet;
};

/// In half precision the numbers of Stable Diffusion XL's VAE grow beyond all bounds, and pictures come out
/// black. Those that were mended say so in their config, which older families do not heed.
bool outgrowsHalf(const models::ModelFolder& model, std::string_view name) {
    return name == models::kVae && model.family != models::Family::StableDiffusion && model.vae.forceUpcast;
}

/// What the part `name` computes in where the model does in `dtype`.
c10::ScalarType dtypeOf(const models::ModelFolder& model, std::string_view name, c10::ScalarType dtype) {
    return dtype == c10::kHalf && outgrowsHalf(model, name) ? c10::kFloat : dtype;
}

/// The weights of the part `name`, and the part that they make.
std::pair<models::TensorSource, Part> open(const models::ModelFolder& model, std::string_view name,
                                           const Placement& placement) {
    auto source = valueOrThrow(models::openWeights(model, name));
    const c10::ScalarType dtype = dtypeOf(model, name, placement.dtype);
    Part part{.files = identityOf(name, source, models::configOf(model, name)) + c10::toString(dtype),
              .bytes = bytesOf(source, dtype)};
    if (dtype != placement.dtype) {
        part.notes.push_back(source.files().front().path.string() +
                             ": Computed in fp32, for in fp16 its numbers grow too large.");
    }
    if (!source.note().empty()) {
        part.notes.push_back(source.note());
    }
    return {std::move(source), std::move(part)};
}

/// A part that is `base` with changes, without its network.
Part changed(const Part& base, const Adapters::Of& changes) {
    return {.files = base.files + changes.identity, .bytes = changes.adapter->bytes()};
}

/// The network of the part `name`, which is `part` but for that.
template <typename Network, typename Config>
std::shared_ptr<ResidentNetwork<Network>> fromFiles(const models::ModelFolder& model, std::string_view name,
                                                    const Config& config, const Placement& placement,
                                                    const Part& part) {
    const auto load = [model, name = std::string(name), config, placement, files = part.files] {
        auto [source, now] = open(model, name, placement);
        if (now.files != files) {
            throw Failure(protocol::unavailable("The files of the model's part " + name +
                                                " have changed since it was loaded. Ask again."));
        }
        const Weights weights(std::move(source), {placement.device, dtypeOf(model, name, placement.dtype)});
        auto network = std::make_shared<const Network>(weights, config);
        return
            typename ResidentNetwork<Network>::Loaded{std::move(network), weights.taken(), weights.finish()};
    };
    return std::make_shared<ResidentNetwork<Network>>(load);
}

/// The `Network` of the part `name`, from `parts` or newly made and added to them; its notes go to `notes`.
template <typename Network, typename Config>
std::shared_ptr<ResidentNetwork<Network>> take(Parts& parts, const models::ModelFolder& model,
                                               std::string_view name, const Config& config,
                                               const Placement& placement, const Adapters& adapters,
                                               std::vector<std::string>& notes) {
    Part part = open(model, name, placement).second;
    auto taken = std::ranges::find(parts, part.files, &Part::files);
    if (taken == parts.end()) {
        const auto network = fromFiles<Network>(model, name, config, placement, part);
        const auto passedOver = network->notes();
        part.notes.insert(part.notes.end(), passedOver.begin(), passedOver.end());
        part.network = network;
        taken = parts.insert(taken, std::move(part));
    }
    notes.insert(notes.end(), taken->notes.begin(), taken->notes.end());
    if (const Adapters::Of* const changes = adapters.of(name)) {
        Part other = changed(*taken, *changes);
        const auto base = taken->network;
        taken = std::ranges::find(parts, other.files, &Part::files);
        if (taken == parts.end()) {
            other.network = std::make_shared<ResidentNetwork<Network>>(
                [base, adapter = changes->adapter, config]() -> typename ResidentNetwork<Network>::Loaded {
                    return {std::make_shared<const Network>(Weights(base->tensors(), adapter), config)};
                });
            taken = parts.insert(taken, std::move(other));
        }
    }
    return std::static_pointer_cast<ResidentNetwork<Network>>(taken->network);
}

/// One that stays as long as anybody has it.
template <typename Network>
std::shared_ptr<const Network> staying(const std::shared_ptr<ResidentNetwork<Network>>& resident) {
    return {resident, resident->get().get()};
}

/// Stable Diffusion XL was trained on what comes before the last layer, as it is.
TextLayerRead layerOf(models::Family family) {
    return family == models::Family::StableDiffusion ? TextLayerRead::Last : TextLayerRead::Penultimate;
}

}  // namespace

Parts partsOf(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters) {
    Parts parts;
    for (const std::string& name : models::partsWithWeights(model)) {
        parts.push_back(open(model, name, placement).second);
        if (const Adapters::Of* const changes = adapters.of(name)) {
            parts.push_back(changed(parts.back(), *changes));
        }
    }
    return parts;
}

Networks load(const models::ModelFolder& model, const Placement& placement, const Adapters& adapters,
              Parts& parts) {
    std::vector<std::string> notes;
    std::vector<TextPart> texts;
    for (const models::TextComponent& text : model.texts) {
        texts.push_back({valueOrThrow(prompt::Tokenizer::of(text)),
                         take<TextEncoder>(parts, model, text.name, text.encoder, placement, adapters, notes),
                         text.encoder.vocabSize, layerOf(model.family)});
    }
    auto unet =
        staying(take<UNetDenoiser>(parts, model, models::kUNet, model.unet, placement, adapters, notes));
    auto vae = take<Vae>(parts, model, models::kVae, model.vae, placement, adapters, notes);
    std::shared_ptr<const TinyDecoder> tinyDecoder;
    if (models::hasTinyVae(model)) {
        const auto shape = tinyDecoderShape(valueOrThrow(models::openWeights(model, models::kTinyVae)),
                                            model.vae.latentChannels);
        tinyDecoder =
            staying(take<TinyDecoder>(parts, model, models::kTinyVae, shape, placement, adapters, notes));
    }
    std::map<std::string, std::shared_ptr<const ControlNet>> controlNets;
    for (const std::string& name : model.controlNets) {
        const auto shape = controlNetShape(valueOrThrow(models::openWeights(model, name)), model.unet);
        controlNets[name] = staying(take<ControlNet>(parts, model, name, shape, placement, adapters, notes));
    }
    return {TextStack(std::move(texts), placement.device),
            std::move(unet),
            std::move(vae),
            dtypeOf(model, models::kVae, placement.dtype),
            std::move(tinyDecoder),
            std::move(controlNets),
            std::move(notes)};
}

}  // namespace easel::diffusion::stable_diffusion
