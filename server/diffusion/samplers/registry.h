// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "server/diffusion/samplers/sampler.h"
#include "server/diffusion/samplers/settings.h"

namespace easel::diffusion {

/// What the engine knows of a sampler: how diffusers' class of it takes a model's settings, and who makes it.
/// Each lives in the file of its sampler; its names are protocol::SamplerKind's.
struct SamplerEntry {
    /// What the class reads of a scheduler's file beside what all of them read.
    enum Reads : unsigned {
        ClipSample = 1,  ///< clip_sample, which is on unless the file says otherwise
        LastAlpha = 2,   ///< set_alpha_to_one
        ZeroSnr = 4,     ///< rescale_betas_zero_snr
        FinalSigma = 8,  ///< final_sigmas_type
        Levels = 16,     ///< use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas
    };

    std::string_view name;  ///< on the wire
    unsigned reads = 0;
    // Where the file does not say otherwise:
    models::Betas betas = {};
    models::TimestepSpacing spacing = models::TimestepSpacing::Linspace;
    bool setAlphaToOne = false;
    models::FinalSigma finalSigma = models::FinalSigma::Zero;
    double eta = 0;  ///< where the request does not say otherwise
    /// Whether so many steps can be taken: each on a training timestep of its own, or to a level of noise of
    /// its own. Towards the number of training timesteps some spacings run past the end or stand still.
    bool (*stepsFit)(const SamplerSettings& settings, int steps);
    /// `noise` [1, C, H, W] float32, drawn from `generator`.
    std::unique_ptr<Sampler> (*make)(const SamplerSettings& settings, int steps, at::Tensor noise,
                                     at::Generator generator);

    constexpr bool doesRead(Reads key) const { return (reads & key) != 0; }
};

extern const SamplerEntry kPndm;
extern const SamplerEntry kDdim;
extern const SamplerEntry kDdpm;
extern const SamplerEntry kEuler;
extern const SamplerEntry kEulerAncestral;
extern const SamplerEntry kHeun;
extern const SamplerEntry kLms;
extern const SamplerEntry kDpm2;
extern const SamplerEntry kDpm2Ancestral;
extern const SamplerEntry kDpmpp2m;
extern const SamplerEntry kDpmpp2mSde;
extern const SamplerEntry kDpmpp3mSde;
extern const SamplerEntry kDpmppSde;
extern const SamplerEntry kUniPc;
extern const SamplerEntry kDeis;
extern const SamplerEntry kLcm;
extern const SamplerEntry kTcd;

inline constexpr const SamplerEntry* kSamplerEntries[] = {
    &kPndm, &kDdim,          &kDdpm,    &kEuler,      &kEulerAncestral, &kHeun,     &kLms,
    &kDpm2, &kDpm2Ancestral, &kDpmpp2m, &kDpmpp2mSde, &kDpmpp3mSde,     &kDpmppSde, &kUniPc,
    &kDeis, &kLcm,           &kTcd};

/// Throws Failure for a name that is none.
const SamplerEntry& samplerEntry(std::string_view name);

}  // namespace easel::diffusion
