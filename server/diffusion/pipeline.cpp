// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/pipeline.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/families/branches.h"
#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/operations/noise.h"
#include "server/diffusion/samplers/settings.h"
#include "server/models/memory.h"

namespace easel::diffusion {
namespace {

/// As much as there is: smaller tiles are for when it does not suffice.
constexpr std::int64_t kAnyRoom = std::numeric_limits<std::int64_t>::max();

void requireFinite(const at::Tensor& x, const char* what) {
    if (!at::isfinite(x).all().item<bool>()) {
        throw Failure(protocol::generationFailed(
            std::string(what) +
            " came out with numbers that are not finite. Try another sampler, more steps "
            "or a lower guidance; if it happens always, the model is damaged."));
    }
}

Hurry hurryOf(const protocol::GenerationSettings& settings) {
    return {settings.deepcacheInterval, settings.tokenMerging};
}

Failure nothingToRefine() {
    return Failure(protocol::invalidField(
        "refiner_start",
        "So late a start leaves the refiner no step to take; start it earlier, ask for more steps, or "
        "leave the refiner out."));
}

}  // namespace

Pipeline::Pipeline(models::ModelFolder model, Device device, Parts& parts,
                   std::span<const models::LoraUse> loras)
    : m_model(std::move(model)),
      m_device(std::move(device)),
      m_networks(
          loadNetworks(m_model, m_device.placement, Adapters(m_model, loras, m_device.placement), parts)) {}

Pipeline::Pipeline(const std::filesystem::path& folder, Device device)
    : m_model(valueOrThrow(models::openModelFolder(folder))), m_device(std::move(device)), m_networks([this] {
          Parts own;
          return loadNetworks(m_model, m_device.placement, {}, own);
      }()) {}

std::int64_t Pipeline::activationSize(std::int64_t work) const {
    return work / m_model.vae.latentChannels * m_model.unet.down.front().channels;
}

/// A picture of a small model is thousands of tiny operations. Threads that wait for each other after every
/// one of them gain little, and lose much wherever a core is not theirs alone. `work` is that of one picture:
/// with company there are no more operations, and each of them takes long enough without a second thread.
int Pipeline::threadsWorthIt(std::int64_t work, int most) const {
    return static_cast<int>(
        std::clamp<std::int64_t>(activationSize(work) / at::internal::GRAIN_SIZE, 1, most));
}

std::int64_t Pipeline::memoryToDraw() const {
    return models::bytesOfVaePass(m_model.vae, m_model.info.width, m_model.info.height,
                                  static_cast<std::int64_t>(c10::elementSize(m_networks.vaeDtype)));
}

std::int64_t Pipeline::memoryOfStep(const Drawing& drawing) const {
    const int scale = m_model.vae.scale();
    const std::int64_t width = drawing.latents().size(3) * scale;
    const std::int64_t height = drawing.latents().size(2) * scale;
    const auto bytes = static_cast<std::int64_t>(c10::elementSize(m_device.placement.dtype));
    return models::bytesOfStep(m_model, width, height, drawing.branches(), bytes) +
           (drawing.keepsFeatures()
                ? models::bytesOfFeatures(m_model, width, height, drawing.branches(), bytes)
                : 0);
}

std::vector<std::int64_t> Pipeline::latentShape(const protocol::GenerationSettings& settings) const {
    const int scale = m_model.vae.scale();
    return {1, m_model.vae.latentChannels, settings.height / scale, settings.width / scale};
}

std::shared_ptr<const Guidance> Pipeline::guidance(const protocol::GenerationSettings& settings,
                                                   const at::Tensor& channels,
                                                   std::span<const Lesson> lessons) {
    const auto scriptOf = [&settings](const std::string& prompt, prompt::Role role) {
        const auto syntax = prompt::syntaxOf(settings.promptSyntax);
        return valueOrThrow(prompt::scriptOf(prompt, syntax, settings.steps, role));
    };
    TextStack& text = m_networks.text;
    std::vector scripts{scriptOf(settings.prompt, prompt::Role::Positive)};
    const bool compares = comparesWithNegative(m_model, settings, scripts.front().branches.size());
    if (compares) {
        scripts.push_back(scriptOf(settings.negativePrompt, prompt::Role::Negative));
    }
    const TaughtWords taught = text.learn(lessons, scripts);
    const ReadingManner manner{.keepsMean = settings.emphasis != "no_norm"};
    // As diffusers has it, for the prompt alone.
    ReadingManner skipping = manner;
    skipping.skippedLayers = settings.clipSkip - 1;
    Words words{text.speeches(scripts.front(), skipping, taught), {}};
    std::int64_t tokens = longest(words.positive);
    if (compares) {
        auto negative = text.speeches(scripts.back(), manner, taught).front();
        tokens = std::max(tokens, longest({&negative, 1}));
        words.negative = text.lengthened(std::move(negative), tokens, manner);
    }
    for (Speech& speech : words.positive) {
        speech = text.lengthened(std::move(speech), tokens, skipping);
    }
    auto all = branchesOf(m_model, settings, std::move(words), channels, m_device.placement.device);
    return settings.guidanceFrom <= 0 && settings.guidanceTo >= 1
               ? all
               : std::make_shared<const Guidance>(all->within(settings.guidanceFrom, settings.guidanceTo));
}

// What is drawn from the generator, and when, is diffusers' order, so that samplers go on from the same
// numbers.
Drawing Pipeline::drawingFor(const protocol::GenerationSettings& settings, int index,
                             std::shared_ptr<const Guidance> guidance, const Start& start) const {
    const at::Generator generator = generatorOf(settings, index);
    const auto shape = latentShape(settings);
    const auto sampleOf = [&](const Posterior& posterior) {
        const at::Tensor noise = at::randn(shape, generator, at::kFloat).to(m_device.placement.device);
        return scaled(posterior.mean + posterior.deviation * noise);
    };
    const auto& masked = start.masked;
    const bool isFromNoise = masked && start.first == 0;
    at::Tensor picture = start.latents;
    if (start.picture && !(isFromNoise && masked->rest)) {
        picture = sampleOf(*start.picture);
    }
    const at::Tensor noise = noiseOf(settings, index, shape, generator).to(m_device.placement.device);
    std::optional<Kept> kept;
    if (masked && masked->rest) {
        const at::Tensor channels = at::cat({masked->mask, sampleOf(*masked->rest)}, 1);
        guidance = std::make_shared<const Guidance>(guidance->withChannels(channels));
    } else if (masked) {
        at::randn(shape, generator, at::kFloat);  // the rest's, which this model is not given
        kept = Kept{picture, noise, masked->mask};
    }
    auto sampler = samplerFor(settings, noise, generator);
    if (picture.defined() && !isFromNoise) {
        const bool hides = masked && masked->beginsWithNoise;
        sampler->startFrom(hides ? (1 - masked->mask) * picture + masked->mask * noise : picture, noise,
                           start.first);
    }
    leaveToRefiner(settings, *sampler);
    Drawing drawing(std::move(sampler), std::move(guidance), generator, std::move(kept));
    drawing.hurry(hurryOf(settings));
    return drawing;
}

Control Pipeline::control(const std::filesystem::path& place, const at::Tensor& pixels,
                          const protocol::ControlUse& use) const {
    const auto& network = m_networks.controlNets.at(models::controlNetPart(place));
    return {network, network->encode(pixels.to(m_device.placement.device, m_device.placement.dtype)),
            use.scale, use.start, use.end};
}

Drawing Pipeline::drawingAfter(const Drawing& begun, const protocol::GenerationSettings& settings,
                               std::shared_ptr<const Guidance> guidance) const {
    auto sampler = samplerFor(settings, begun.latents(), begun.generator());
    const float timestep = timestepAfter(settings.refinerStart, m_model.scheduler.trainTimesteps);
    if (!sampler->goOnBelow(timestep, begun.latents())) {
        throw nothingToRefine();
    }
    Drawing drawing(std::move(sampler), std::move(guidance), begun.generator(), begun.kept());
    drawing.hurry(hurryOf(settings));
    drawing.succeed(begun);
    return drawing;
}

bool Pipeline::canRefine(const Pipeline& other) const {
    const models::VaeConfig& own = m_model.vae;
    const models::VaeConfig& others = other.m_model.vae;
    return models::taskOf(m_model) == models::Task::Draw && own.latentChannels == others.latentChannels &&
           own.scale() == others.scale() && own.scalingFactor == others.scalingFactor &&
           (m_model.family == models::Family::StableDiffusion) ==
               (other.m_model.family == models::Family::StableDiffusion);
}

std::unique_ptr<Sampler> Pipeline::samplerFor(const protocol::GenerationSettings& settings,
                                              const at::Tensor& noise, const at::Generator& generator) const {
    return makeSampler(settings.sampler, samplerSettings(m_model.scheduler, settings, m_model.family),
                       settings.steps, noise, generator);
}

void Pipeline::leaveToRefiner(const protocol::GenerationSettings& settings, Sampler& sampler) const {
    if (settings.refiner.empty()) {
        return;
    }
    if (!sampler.endAbove(timestepAfter(settings.refinerStart, m_model.scheduler.trainTimesteps))) {
        throw Failure(protocol::invalidField(
            "refiner_start",
            "So early a start leaves the model itself no step to take; start the refiner later, ask for more "
            "steps, or draw with the refiner's model alone."));
    }
    if (!sampler.leavesSome()) {
        throw nothingToRefine();
    }
}

Posterior Pipeline::encode(const at::Tensor& pixels) const {
    const auto vae = m_networks.vae->get();
    Made encoded =
        encodeWithin(*vae, m_model.vae, pixels.to(m_device.placement.device, vae->dtype()), kAnyRoom);
    const auto moments = encoded.result.to(at::kFloat).chunk(2, 1);
    return {moments[0], at::exp(0.5 * moments[1].clamp(-30, 20)), std::move(encoded.note)};
}

at::Tensor Pipeline::scaled(const at::Tensor& latents) const {
    return latents * m_model.vae.scalingFactor;
}

at::Tensor Pipeline::predict(const Drawing& drawing) const {
    const Drawing* const one = &drawing;
    return diffusion::predict({&one, 1}, *m_networks.denoiser, m_device.placement.dtype);
}

void Pipeline::advance(std::span<Drawing* const> drawings, Rows rows) const {
    diffusion::advance(drawings, *m_networks.denoiser, m_device.placement.dtype, rows);
}

at::Tensor Pipeline::decode(const at::Tensor& latents) const {
    return decodeWithin(latents, kAnyRoom).result;
}

Made Pipeline::decodeWithin(const at::Tensor& latents, std::int64_t room) const {
    requireFinite(latents, "The picture's latents");
    const auto vae = m_networks.vae->get();
    return diffusion::decodeWithin(*vae, m_model.vae, latents.to(vae->dtype()) / m_model.vae.scalingFactor,
                                   room);
}

void Pipeline::requireTinyDecoder() const {
    const auto& tiny = m_networks.tinyDecoder;
    if (!tiny) {
        throw Failure(
            protocol::invalidField("decoder", "This model brings no tiny decoder; leave decoder out."));
    }
    if (tiny->scale() != m_model.vae.scale()) {
        throw Failure(protocol::invalidField(
            "decoder", "The tiny decoder that this model brings makes " + std::to_string(tiny->scale()) +
                           " pixels of a latent along each side, and its VAE " +
                           std::to_string(m_model.vae.scale()) + "; leave decoder out."));
    }
}

at::Tensor Pipeline::decodeTiny(const at::Tensor& latents) const {
    requireFinite(latents, "The picture's latents");
    const TinyDecoder& tiny = *m_networks.tinyDecoder;
    return tiny.forward(latents.to(tiny.dtype()));
}

image::Image Pipeline::preview(const Drawing& drawing) const {
    const at::Tensor seen = drawing.seen();
    const auto& tiny = m_networks.tinyDecoder;
    if (!tiny && !m_colours) {
        m_colours = knownColours(m_model.vae);
        if (!m_colours) {
            m_colours = fittedColours(*m_networks.vae->get(), m_model.vae);
        }
    }
    // Only the picture itself is refused for its numbers.
    return toImage(at::nan_to_num(tiny ? decodedQuickly(seen, *tiny) : inColours(seen, *m_colours)));
}

protocol::Problem Pipeline::tooLarge(int width, int height, std::int64_t room) const {
    const int scale = m_model.vae.scale();
    const auto bytes = static_cast<std::int64_t>(c10::elementSize(m_device.placement.dtype));
    // It was tried and did not fit, whatever was calculated.
    const auto smaller = static_cast<std::int64_t>(0.75 * std::sqrt(static_cast<double>(width) * height));
    const std::int64_t side = std::min(models::sideThatFits(m_model, bytes, room), smaller) / scale * scale;
    std::string detail = "The device has too little memory for a picture of " + std::to_string(width) + "x" +
                         std::to_string(height) + ", even in parts; ";
    detail += side > 0 ? "one of " + std::to_string(side) + "x" + std::to_string(side) + " should fit."
                       : "there is no room for any: use a smaller model, or another device.";
    return protocol::generationFailed(std::move(detail));
}

image::Image toImage(const at::Tensor& decoded) {
    at::Tensor pixels;
    if (const auto* const own = gpu::trusted(gpu::Op::Pixels, decoded)) {
        pixels = own->pixels(decoded);
    }
    if (!pixels.defined()) {
        requireFinite(decoded, "The picture");
        pixels = decoded[0]
                     .mul(0.5)
                     .add(0.5)
                     .clamp(0, 1)
                     .to(at::kCPU, at::kFloat)
                     .mul(255)
                     .round()
                     .to(at::kByte)
                     .permute({1, 2, 0})
                     .contiguous();
    }
    image::Image picture{static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), {}};
    picture.rgb.resize(static_cast<std::size_t>(pixels.numel()));
    std::memcpy(picture.rgb.data(), pixels.const_data_ptr(), picture.rgb.size());
    return picture;
}

}  // namespace easel::diffusion
