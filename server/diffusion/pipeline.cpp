// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/pipeline.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {
namespace {

constexpr std::size_t kRememberedPrompts = 32;

template <typename T>
T valueOrThrow(protocol::Expected<T> expected) {
    if (!expected) {
        throw Failure(expected.error());
    }
    return std::move(*expected);
}

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

void requireFinite(const at::Tensor& x, const char* what) {
    if (!at::isfinite(x).all().item<bool>()) {
        throw Failure(protocol::generationFailed(
            std::string(what) +
            " came out with numbers that are not finite. Try another sampler, more steps "
            "or a lower guidance; if it happens always, the model is damaged."));
    }
}

}  // namespace

Pipeline::Pipeline(const std::filesystem::path& folder, Device device)
    : m_model(valueOrThrow(models::openModelFolder(folder))),
      m_device(std::move(device)),
      m_tokenizer(valueOrThrow(prompt::Tokenizer::load(m_model.tokenizerFolder()))),
      m_textEncoder(load<TextEncoder>(m_model.textEncoderFolder(), models::WeightNaming::Transformers,
                                      m_model.textEncoder, m_device.placement, m_notes)),
      m_unet(load<UNet>(m_model.unetFolder(), models::WeightNaming::Diffusers, m_model.unet,
                        m_device.placement, m_notes)),
      m_vae(load<Vae>(m_model.vaeFolder(), models::WeightNaming::Diffusers, m_model.vae, m_device.placement,
                      m_notes)) {}

std::int64_t Pipeline::activationSize(const protocol::GenerationSettings& settings) const {
    const std::int64_t scale = m_model.vae.scale();
    const std::int64_t branches = settings.guidance > 1 ? 2 : 1;
    return branches * m_model.unet.down.front().channels * (settings.height / scale) *
           (settings.width / scale);
}

at::Tensor Pipeline::encode(const std::string& prompt, int skippedLayers) {
    for (auto it = m_encoded.begin(); it != m_encoded.end(); ++it) {
        if (it->prompt == prompt && it->skippedLayers == skippedLayers) {
            m_encoded.splice(m_encoded.begin(), m_encoded, it);
            return it->context;
        }
    }
    const std::vector<std::int32_t> ids = m_tokenizer.encode(prompt);
    // A GPU that is asked for a row that is not there can do nothing more.
    if (*std::max_element(ids.begin(), ids.end()) >= m_model.textEncoder.vocabSize) {
        throw Failure(
            protocol::generationFailed("The model's tokenizer knows a word of the prompt that its text "
                                       "encoder has not learned: the two do "
                                       "not belong together. Leave the word out."));
    }
    const at::Tensor context = m_textEncoder.forward(
        at::tensor(ids, at::kLong).unsqueeze(0).to(m_device.placement.device), skippedLayers);
    m_encoded.push_front({prompt, skippedLayers, context});
    if (m_encoded.size() > kRememberedPrompts) {
        m_encoded.pop_back();
    }
    return context;
}

std::unique_ptr<Sampler> Pipeline::begin(const protocol::GenerationSettings& settings, int index) const {
    const auto seed = static_cast<std::uint64_t>(settings.seed + index);
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    const int scale = m_model.vae.scale();
    const at::Tensor noise = at::randn(
        {1, m_model.unet.inChannels, settings.height / scale, settings.width / scale}, generator, at::kFloat);
    return makeSampler(settings.sampler, samplerSettings(m_model.scheduler, settings), settings.steps,
                       noise.to(m_device.placement.device), generator);
}

at::Tensor Pipeline::predict(const Query& query, const at::Tensor& negative, const at::Tensor& positive,
                             double guidance) const {
    const at::Tensor input = query.input.to(m_device.placement.dtype);
    const std::int64_t branches = negative.defined() ? 2 : 1;
    const at::Tensor timesteps = at::full({branches}, query.timestep, input.options().dtype(at::kFloat));
    if (!negative.defined()) {
        return m_unet.forward(input, timesteps, positive);
    }
    const auto answers =
        m_unet.forward(at::cat({input, input}), timesteps, at::cat({negative, positive})).chunk(2);
    return answers[0] + guidance * (answers[1] - answers[0]);
}

at::Tensor Pipeline::decode(const at::Tensor& latents) const {
    requireFinite(latents, "The picture's latents");
    return m_vae.decoder.forward(latents.to(m_device.placement.dtype) / m_model.vae.scalingFactor);
}

image::Image toImage(const at::Tensor& decoded) {
    requireFinite(decoded, "The picture");
    const at::Tensor pixels = decoded[0]
                                  .mul(0.5)
                                  .add(0.5)
                                  .clamp(0, 1)
                                  .to(at::kCPU, at::kFloat)
                                  .mul(255)
                                  .round()
                                  .to(at::kByte)
                                  .permute({1, 2, 0})
                                  .contiguous();
    image::Image picture{static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), {}};
    picture.rgb.resize(static_cast<std::size_t>(pixels.numel()));
    std::memcpy(picture.rgb.data(), pixels.const_data_ptr(), picture.rgb.size());
    return picture;
}

}  // namespace easel::diffusion
