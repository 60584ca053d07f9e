// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/diffusion/device.h"
#include "server/diffusion/drawing.h"
#include "server/diffusion/fallback.h"
#include "server/diffusion/families/family.h"
#include "server/diffusion/operations/start.h"
#include "server/diffusion/preview.h"
#include "server/image/image.h"
#include "server/models/model_folder.h"
#include "shared/protocol/generation.h"

namespace easel::diffusion {

/// A model in memory, and the stages that a picture goes through. Its owner is Engine, whose one thread
/// uses it under c10::InferenceMode. Errors are thrown as Failure.
class Pipeline {
public:
    /// Networks that are among `parts` are taken from there; those that are not are added. `loras` change
    /// them.
    Pipeline(models::ModelFolder model, Device device, Parts& parts,
             std::span<const models::LoraUse> loras = {});
    Pipeline(const std::filesystem::path& folder, Device device);

    const Device& device() const { return m_device; }
    /// What was found in the weights and passed over, a sentence each.
    const std::vector<std::string>& notes() const { return m_networks.notes; }
    const std::filesystem::path& root() const { return m_model.root; }
    /// Bytes, about, that drawing one picture of the model's own size takes beside the weights: what decoding
    /// it takes, which is the most.
    std::int64_t memoryToDraw() const;
    /// Bytes, about, that a step of `drawing` takes.
    std::int64_t memoryOfStep(const Drawing& drawing) const;

    /// Numbers that the UNet's first layer puts out for `work` (Drawing::work()): how much an operation is.
    std::int64_t activationSize(std::int64_t work) const;
    /// Of at most `most` threads of the CPU, how many are worth their waiting for each other.
    int threadsWorthIt(std::int64_t work, int most) const;

    /// What the prompts of `settings` say, and how strictly. Encoded prompts are remembered. `channels`
    /// [1, C', H, W] lie beside the latents in models that inpaint or edit; `lessons` teach words.
    std::shared_ptr<const Guidance> guidance(const protocol::GenerationSettings& settings,
                                             const at::Tensor& channels = {},
                                             std::span<const Lesson> lessons = {});

    /// Of `pixels` [1, 3, 8H, 8W], -1 to 1. The mean is what a model that edits takes beside the latents.
    Posterior encode(const at::Tensor& pixels) const;

    /// What the VAE makes of a picture, as the denoiser has it: [1, C, H, W].
    at::Tensor scaled(const at::Tensor& latents) const;
    models::Task task() const { return models::taskOf(m_model); }
    /// Along each side.
    int pixelsOfALatent() const { return m_model.vae.scale(); }

    /// Image `index` of a request at its first step, from noise alone or from `start`; where it has a
    /// refiner, that one's steps are left out. Its noise comes from a CPU generator of its own, so that a
    /// seed means the same picture on any device, alone or among others.
    Drawing drawingFor(const protocol::GenerationSettings& settings, int index,
                       std::shared_ptr<const Guidance> guidance, const Start& start = {}) const;

    /// The ControlNet in `place`, which was loaded with the model, and its picture `pixels` [1, 3, H, W], 0
    /// to 1, of the size that is drawn; as strong as `use` says.
    Control control(const std::filesystem::path& place, const at::Tensor& pixels,
                    const protocol::ControlUse& use) const;

    /// What another model has `begun` and left to this one as its refiner.
    Drawing drawingAfter(const Drawing& begun, const protocol::GenerationSettings& settings,
                         std::shared_ptr<const Guidance> guidance) const;
    /// Whether this one can go on with what `other` has begun: their latents mean the same.
    bool canRefine(const Pipeline& other) const;

    /// What the network answers to the next step of `drawing`, which stays where it is: [branches, C, H, W].
    at::Tensor predict(const Drawing& drawing) const;
    /// A step of each with one forward pass, or with one for each row; they have one shape and are not done.
    void advance(std::span<Drawing* const> drawings, Rows rows = Rows::Together) const;

    /// latents [1, C, H, W] → [1, 3, 8H, 8W], about -1 to 1, in the VAE's dtype.
    at::Tensor decode(const at::Tensor& latents) const;
    /// The same by the tiny decoder that the model brings, which is asked for before. Throws Failure where it
    /// brings none, or one of another size.
    void requireTinyDecoder() const;
    at::Tensor decodeTiny(const at::Tensor& latents) const;
    /// The same within about `room` bytes.
    Made decodeWithin(const at::Tensor& latents, std::int64_t room) const;

    /// What `drawing`, which has made a step, is going to be, roughly and at once: at most
    /// protocol::kMaxPreviewSide pixels along each side.
    image::Image preview(const Drawing& drawing) const;
    /// Lets what draws no steps leave the memory until it is needed again; false where it is not there.
    bool letTextsGo() { return m_networks.text.leave(); }
    bool letVaeGo() { return m_networks.vae->leave(); }

    /// That the memory, of which `room` bytes are left, does not hold a picture of this size; and what it
    /// would hold.
    protocol::Problem tooLarge(int width, int height, std::int64_t room) const;

private:
    std::unique_ptr<Sampler> samplerFor(const protocol::GenerationSettings& settings, const at::Tensor& noise,
                                        const at::Generator& generator) const;
    /// Leaves the steps that are a refiner's.
    void leaveToRefiner(const protocol::GenerationSettings& settings, Sampler& sampler) const;
    std::vector<std::int64_t> latentShape(const protocol::GenerationSettings& settings) const;

    models::ModelFolder m_model;
    Device m_device;
    Networks m_networks;
    mutable std::optional<LatentColours> m_colours;  // from the first preview on that needs them
};

/// [1, 3, H, W], about -1 to 1 → 8-bit pixels, rounded half to even. Throws where a number is not finite.
image::Image toImage(const at::Tensor& decoded);

}  // namespace easel::diffusion
