// SPDX-License-Identifier: Apache-2.0
#include "server/models/memory.h"

#include <algorithm>

#include "shared/protocol/passes.h"

namespace easel::models {
namespace {

constexpr std::int64_t kSideMultiple = 64;
constexpr std::int64_t kLargestSide = 16384;
constexpr std::int64_t kSingle = 4;  // bytes of a number in single precision

std::int64_t leastForVae(const VaeConfig& vae, std::int64_t width, std::int64_t height, std::int64_t bytes) {
    const std::int64_t side = tilesFor(vae, width, height).back();
    return side == 0 ? bytesOfVaePass(vae, width, height, bytes)
                     : bytesOfVaePass(vae, std::min(side, width), std::min(side, height), bytes);
}

/// How often the network is asked in a step, where AND joins nothing.
std::int64_t rowsOf(const ModelFolder& model, const protocol::GenerationSettings& settings) {
    const bool isTold = model.unet.guidanceWidth != 0;
    if (settings.guidance <= 1 || isTold) {
        return 1;
    }
    return taskOf(model) == Task::Edit ? 3 : 2;  // one that edits without the picture, too
}

/// Not where a tiny decoder makes the pixels, and nothing else is made of latents or read into them.
bool usesVae(const protocol::GenerationSettings& settings) {
    const bool isEnlarged = settings.hiresScale > 1 && settings.hiresUpscaler != "latent";
    return settings.decoder != "tiny" || !settings.initImage.empty() || isEnlarged;
}

/// A tiny decoder takes no tiles. It is as wide all the way as TAESD, whose widest place is the last block.
std::int64_t bytesOfTinyPass(std::int64_t width, std::int64_t height, std::int64_t bytes) {
    constexpr std::int64_t kChannels = 64;
    constexpr std::int64_t kTensors = 4;
    return width * height * kChannels * kTensors * bytes;
}

}  // namespace

/// Newer families have VAEs that may not bear half precision, and say so.
std::int64_t bytesInVae(const ModelFolder& model, std::int64_t bytes) {
    return model.family != Family::StableDiffusion && model.vae.forceUpcast ? std::max(bytes, kSingle)
                                                                            : bytes;
}

/// The decoder is widest in the first resnet of its last block, where the picture has its full size and still
/// the channels of the block before: its input, that normalised, and that again as a convolution lays it out.
std::int64_t bytesOfVaePass(const VaeConfig& vae, std::int64_t width, std::int64_t height,
                            std::int64_t bytes) {
    constexpr std::int64_t kInputs = 3;
    const std::int64_t outputs = vae.blockOutChannels.front();
    const std::int64_t inputs =
        vae.blockOutChannels[std::min<std::size_t>(1, vae.blockOutChannels.size() - 1)];
    return width * height * (kInputs * inputs + outputs) * bytes;
}

std::int64_t bytesOfStep(const ModelFolder& model, std::int64_t width, std::int64_t height, std::int64_t rows,
                         std::int64_t bytes) {
    // As large as the network's first, that lie in memory at a time: its own, and what each ControlNet adds.
    constexpr std::int64_t kTensors = 16;
    constexpr std::int64_t kAdded = 6;
    const auto tensors = kTensors + kAdded * static_cast<std::int64_t>(model.controlNets.size());
    const int scale = model.vae.scale();
    return rows * (width / scale) * (height / scale) * model.unet.down.front().channels * tensors * bytes;
}

std::int64_t bytesOfFeatures(const ModelFolder& model, std::int64_t width, std::int64_t height,
                             std::int64_t rows, std::int64_t bytes) {
    const int scale = model.vae.scale();
    return rows * (width / scale) * (height / scale) * model.unet.up.back().channels * bytes;
}

std::vector<std::int64_t> tilesFor(const VaeConfig& vae, std::int64_t width, std::int64_t height) {
    constexpr std::int64_t kLeast = 256;
    std::vector<std::int64_t> sides{0};
    // A quarter of a tile is a seam, so its latents are a multiple of four.
    const std::int64_t multiple = 4L * vae.scale();
    const std::int64_t own = vae.sampleSize / multiple * multiple;
    for (std::int64_t side = own; side >= multiple; side = side / 2 / multiple * multiple) {
        if (side < std::max(width, height)) {
            sides.push_back(side);
        }
        if (side <= kLeast) {
            break;
        }
    }
    return sides;
}

protocol::MemoryEstimate memoryFor(const ModelFolder& model, std::int64_t numbers,
                                   const protocol::GenerationSettings& settings, std::int64_t bytes) {
    const std::int64_t inVae = bytesInVae(model, bytes);
    // The second one is the larger.
    const protocol::Pass pass = protocol::secondPassOf(settings).value_or(protocol::firstPassOf(settings));
    const int width = pass.width;
    const int height = pass.height;
    const std::int64_t rows = rowsOf(model, settings);
    const std::int64_t kept =
        settings.deepcacheInterval > 1 ? bytesOfFeatures(model, width, height, rows, bytes) : 0;
    const std::int64_t tiny = bytesOfTinyPass(width, height, bytes);
    const bool needsVae = usesVae(settings);
    return {.weights = numbers * bytes,
            .drawing = std::max(needsVae ? bytesOfVaePass(model.vae, width, height, inVae) : tiny,
                                bytesOfStep(model, width, height, rows, bytes) + kept),
            .least = std::max(needsVae ? leastForVae(model.vae, width, height, inVae) : tiny,
                              bytesOfStep(model, width, height, 1, bytes) + kept),
            .available = {}};
}

std::int64_t sideThatFits(const ModelFolder& model, std::int64_t bytes, std::int64_t room) {
    const std::int64_t inVae = bytesInVae(model, bytes);
    std::int64_t fits = 0;
    for (std::int64_t side = kSideMultiple; side <= kLargestSide; side += kSideMultiple) {
        if (std::max(leastForVae(model.vae, side, side, inVae), bytesOfStep(model, side, side, 1, bytes)) >
            room) {
            break;
        }
        fits = side;
    }
    return fits;
}

}  // namespace easel::models
