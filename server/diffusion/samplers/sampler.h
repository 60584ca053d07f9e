// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>
#include <vector>

#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// What a sampler wants to know from the UNet.
struct Query {
    at::Tensor input;  ///< [1, C, H, W] float32
    float timestep;    ///< may have a fraction
};

/// The way of one image from noise to latents, as a state machine: it never calls the network, so the
/// engine may answer the queries of many images with one forward pass. Not thread-safe.
class Sampler {
public:
    virtual ~Sampler() = default;

    bool done() const { return m_index == m_end; }
    /// What to ask next; not after done().
    Query next() const;
    /// Before the first step: goes on from `picture` under so much of `noise` as there is at step `first`,
    /// instead of from noise alone; both [1, C, H, W] float32. Throws Failure where no step is left.
    void startFrom(const at::Tensor& picture, const at::Tensor& noise, int first);

    /// Before the first step: leaves the steps that begin at timesteps below `timestep` to another sampler.
    /// False where there would be none to take.
    bool endAbove(float timestep);
    /// Before the first step: takes those steps, and `latents` [1, C, H, W] float32 as the other left them.
    /// False where there are none.
    bool goOnBelow(float timestep, at::Tensor latents);

    /// The network's answer to next(), after guidance: [1, C, H, W].
    void accept(const at::Tensor& output);
    /// After accept(): where `mask` [1, 1, H, W] is 0, goes on from `picture` under so much of `noise` as
    /// there is now, both [1, C, H, W] float32, and not from what was drawn.
    void keep(const at::Tensor& picture, const at::Tensor& noise, const at::Tensor& mask);

    /// [1, C, H, W] float32: the picture's latents once done().
    const at::Tensor& latents() const { return m_latents; }
    /// What the network took them for when it was last asked, without noise: [1, C, H, W] float32. Only after
    /// accept(); computed when it is asked for.
    at::Tensor seen() const { return pictureAt(m_index - 1, m_asked, m_answer); }
    const std::vector<float>& timesteps() const { return m_timesteps; }
    std::size_t accepted() const { return m_index; }
    /// How many entries of timesteps() come before where it started.
    std::size_t begin() const { return m_begin; }
    /// Whether there are entries after where it ends, which are another's.
    bool leavesSome() const { return m_end < m_timesteps.size(); }

protected:
    Sampler(const std::vector<double>& timesteps, at::Tensor latents);

    virtual at::Tensor scaled(const at::Tensor& latents) const { return latents; }
    /// `picture` as it looks before step `index`, when `noise` lies on it.
    virtual at::Tensor noised(std::size_t index, const at::Tensor& picture,
                              const at::Tensor& noise) const = 0;
    /// The picture that the network sees in `latents` at evaluation `index`, by its `output`.
    virtual at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                                 const at::Tensor& output) const = 0;
    /// Entries of timesteps() for a step that was asked for.
    virtual std::size_t evaluations() const { return 1; }
    /// The latents after step `index`, from those before it.
    virtual at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) = 0;

private:
    std::size_t firstStepBelow(float timestep) const;

    std::vector<float> m_timesteps;
    at::Tensor m_latents;
    at::Tensor m_asked;   // the latents before the last evaluation
    at::Tensor m_answer;  // and what came of it
    std::size_t m_begin = 0;
    std::size_t m_end;
    std::size_t m_index = 0;
};

/// Where one model leaves a picture to another after `share` of its way, 0 to 1: the steps at timesteps below
/// this are the other's. As diffusers' pipelines count.
float timestepAfter(double share, int trainTimesteps);

/// `noise` [1, C, H, W] float32, drawn from `generator`, which stochastic samplers go on drawing from.
/// `name` is one of protocol::samplerKinds().
std::unique_ptr<Sampler> makeSampler(std::string_view name, const SamplerSettings& settings, int steps,
                                     at::Tensor noise, at::Generator generator);

}  // namespace easel::diffusion
