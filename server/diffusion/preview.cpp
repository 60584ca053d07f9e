// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/preview.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "shared/protocol/preview.h"

namespace easel::diffusion {
namespace {

constexpr std::int64_t kMaxLinearSide = 256;
static_assert(kMaxLinearSide <= protocol::kMaxPreviewSide);

constexpr std::int64_t kKnownChannels = 4;

/// A latent space that many models share.
struct KnownSpace {
    double scalingFactor;
    std::array<double, 3 * kKnownChannels> factors;  // red, green and blue of each channel
    std::array<double, 3> bias;
};

/// All that have these come from VAEs of one shape.
constexpr std::array<KnownSpace, 2> kKnownSpaces{{
    // Stable Diffusion 1 and 2: fitted by K. Turner, "Decoding latents to RGB without upscaling",
    // discuss.huggingface.co, 2022.
    {0.18215,
     {0.298, 0.207, 0.208, 0.187, 0.286, 0.173, -0.158, 0.189, 0.264, -0.184, -0.271, -0.473},
     {0, 0, 0}},
    // XL: T. A. Vass, "Explaining the SDXL latent space", huggingface.co, 2023; there from 0 to 255.
    {0.13025,
     {60 / 127.5, 60 / 127.5, 60 / 127.5, -60 / 127.5, -5 / 127.5, 10 / 127.5, 25 / 127.5, 15 / 127.5,
      -5 / 127.5, -70 / 127.5, -50 / 127.5, -35 / 127.5},
     {150 / 127.5 - 1, 140 / 127.5 - 1, 130 / 127.5 - 1}},
}};

/// `latents`, or smaller ones of the same picture that are at most `side` along each side.
at::Tensor within(const at::Tensor& latents, std::int64_t side) {
    const std::int64_t height = latents.size(2);
    const std::int64_t width = latents.size(3);
    const std::int64_t longer = std::max(height, width);
    if (longer <= side) {
        return latents;
    }
    return at::adaptive_avg_pool2d(latents, {std::max<std::int64_t>(height * side / longer, 1),
                                             std::max<std::int64_t>(width * side / longer, 1)});
}

}  // namespace

std::optional<LatentColours> knownColours(const models::VaeConfig& config) {
    const std::vector<int> widths{128, 256, 512, 512};
    const auto* const space = std::ranges::find_if(kKnownSpaces, [&config](const KnownSpace& known) {
        return std::abs(known.scalingFactor - config.scalingFactor) < 1e-6;
    });
    if (space == kKnownSpaces.end() || config.latentChannels != kKnownChannels ||
        config.blockOutChannels != widths) {
        return {};
    }
    const at::Tensor factors = at::tensor(at::ArrayRef<double>(space->factors), at::kFloat);
    return LatentColours{factors.view({kKnownChannels, 3}).t().contiguous(),
                         at::tensor(at::ArrayRef<double>(space->bias), at::kFloat)};
}

// Patches of one latent each, large enough that most of their pixels do not see another: what single latents
// of noise come to says less of a picture, whose neighbours are alike.
LatentColours fittedColours(const Vae& vae, const models::VaeConfig& config) {
    constexpr std::int64_t kPictures = 8;
    constexpr std::int64_t kPatches = 2;  // along a side
    constexpr std::int64_t kPatch = 8;    // latents along a side
    const std::int64_t channels = config.latentChannels;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
    const at::Tensor latents =
        at::upsample_nearest2d(at::randn({kPictures, channels, kPatches, kPatches}, generator, at::kFloat),
                               {kPatches * kPatch, kPatches * kPatch});
    const at::Tensor pixels =
        vae.decoder.forward((latents / config.scalingFactor).to(vae.decoder.device(), vae.dtype()))
            .to(at::kCPU, at::kFloat);
    const auto rows = [](const at::Tensor& x) {  // one for each latent
        return x.permute({0, 2, 3, 1}).reshape({-1, x.size(1)}).to(at::kDouble);
    };
    const at::Tensor colours = rows(at::adaptive_avg_pool2d(pixels, latents.sizes().slice(2)));
    const at::Tensor known = at::cat({rows(latents), at::ones({colours.size(0), 1}, at::kDouble)}, 1);
    // By the normal equations: a handful of unknowns, and latents that do not depend on each other.
    const at::Tensor solution =
        at::linalg_solve(known.t().matmul(known), known.t().matmul(colours)).to(at::kFloat);
    return {solution.slice(0, 0, channels).t().contiguous(), solution[channels].contiguous()};
}

at::Tensor inColours(const at::Tensor& latents, const LatentColours& colours) {
    const at::Tensor small = within(latents, kMaxLinearSide);
    return at::linear(small.permute({0, 2, 3, 1}), colours.weight.to(small.device()),
                      colours.bias.to(small.device()))
        .permute({0, 3, 1, 2});
}

at::Tensor decodedQuickly(const at::Tensor& latents, const TinyDecoder& decoder) {
    return decoder.forward(within(latents, protocol::kMaxPreviewSide / decoder.scale()).to(decoder.dtype()))
        .to(at::kFloat);
}

}  // namespace easel::diffusion
