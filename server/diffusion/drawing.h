// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "server/diffusion/accelerations/feature_cache.h"
#include "server/diffusion/conditioning/control.h"
#include "server/diffusion/conditioning/guidance.h"
#include "server/diffusion/families/family.h"
#include "server/diffusion/samplers/sampler.h"

namespace easel::diffusion {

/// Which rows share a forward pass: all, or none, which takes less memory and longer.
enum class Rows { Together, OneByOne };

/// What of a picture stays as it is while the rest is drawn, [1, C, H, W] float32 each.
struct Kept {
    at::Tensor picture;
    at::Tensor noise;
    at::Tensor mask;  ///< [1, 1, H, W]: 0 where it stays, 1 elsewhere
};

/// How a picture is hurried, beside its guidance; as it stands, not at all.
struct Hurry {
    int deepcacheInterval = 1;  ///< steps from one that runs the whole network to the next
    double tokenMerging = 0;    ///< as of Shortcuts
};

/// What a denoiser answered to the next step of one drawing.
struct Outcome {
    at::Tensor answers;   ///< [its branches, C, H, W]
    at::Tensor features;  ///< of the same rows, to be used again; undefined where it wants none
};

/// One picture under way: what it is to be, and how far it has come.
class Drawing {
public:
    /// `generator` is what the sampler draws from.
    Drawing(std::unique_ptr<Sampler> sampler, std::shared_ptr<const Guidance> guidance,
            at::Generator generator, std::optional<Kept> kept = {});

    /// What it is to hold to from now on.
    void holdTo(std::vector<Control> controls) { m_controls = std::move(controls); }

    /// From now on.
    void hurry(const Hurry& hurry) { m_hurry = hurry; }
    /// It goes on with what `begun` was: shares of the steps count from that one's first on.
    void succeed(const Drawing& begun) { m_first = begun.now().skipped; }

    bool done() const { return m_sampler->done(); }
    /// [1, C, H, W] float32.
    const at::Tensor& latents() const { return m_sampler->latents(); }
    /// What it is going to be, as the network saw it at the last evaluation: [1, C, H, W] float32. Only after
    /// the first.
    at::Tensor seen() const;
    /// Evaluations of the network that are made, and that there are in all.
    std::size_t accepted() const { return m_sampler->accepted(); }
    std::size_t evaluations() const { return m_sampler->timesteps().size(); }
    /// How many of them count as made though they were not, for it began with a picture.
    std::size_t skipped() const { return m_sampler->begin(); }
    /// What goes on with it draws from the same one.
    const at::Generator& generator() const { return m_generator; }
    const std::optional<Kept>& kept() const { return m_kept; }
    /// Rows that it takes of the next forward pass: 1, or one more than there are prompts with guidance.
    std::int64_t branches() const { return static_cast<std::int64_t>(m_guidance->asked(now()).size()); }
    /// Of each of its rows, at the step that is next.
    std::vector<Conditioning> conditions() const;
    /// Numbers that a forward pass takes for it, at most.
    std::int64_t work() const { return m_guidance->branches() * latents().numel(); }
    /// Whether the next pass uses features of an earlier one.
    bool isShort() const;
    /// Whether it keeps some.
    bool keepsFeatures() const { return m_hurry.deepcacheInterval > 1; }
    double tokenMerging() const { return m_hurry.tokenMerging; }
    /// Bytes that it keeps from one step to the next beside its latents.
    std::int64_t keptBytes() const { return m_features.bytes(); }

    /// Takes a step.
    void accept(const Outcome& outcome);

    /// What drawings must have in common to be taken further together: C, H, W and the context's T, D.
    std::vector<std::int64_t> shape() const;

private:
    friend class ForwardPass;

    Moment now() const { return {accepted(), evaluations(), m_first.value_or(skipped())}; }

    std::unique_ptr<Sampler> m_sampler;
    std::shared_ptr<const Guidance> m_guidance;
    std::vector<Control> m_controls;
    at::Generator m_generator;
    std::optional<Kept> m_kept;
    Hurry m_hurry;
    FeatureCache m_features;
    std::optional<std::size_t> m_first;  // evaluations before the first of all, which another made
};

/// What `denoiser` answers in `dtype` to the next steps of `drawings`, which have one shape and are not done:
/// [branches of all, C, H, W].
at::Tensor predict(std::span<const Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype,
                   Rows rows = Rows::Together);
/// Takes each of `drawings`, which have one shape and are not done, a step further in `dtype`.
void advance(std::span<Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype, Rows rows);

}  // namespace easel::diffusion
