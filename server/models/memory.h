// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "server/models/model_folder.h"
#include "shared/protocol/estimate.h"

namespace easel::models {

// What drawing takes beside the weights, by the shapes of the networks: about, and rather too much.

/// Bytes of a number in the VAE, where the rest of `model` computes with numbers of `bytes`.
std::int64_t bytesInVae(const ModelFolder& model, std::int64_t bytes);
/// Bytes that one pass of the VAE over a picture takes at its widest place, either way; a number takes
/// `bytes`.
std::int64_t bytesOfVaePass(const VaeConfig& vae, std::int64_t width, std::int64_t height,
                            std::int64_t bytes);
/// Bytes that a pass of the UNet, with the model's ControlNets, over `rows` pictures takes; a number takes
/// `bytes`.
std::int64_t bytesOfStep(const ModelFolder& model, std::int64_t width, std::int64_t height, std::int64_t rows,
                         std::int64_t bytes);

/// Bytes that `rows` pictures' features take, which DeepCache keeps from one step to the next.
std::int64_t bytesOfFeatures(const ModelFolder& model, std::int64_t width, std::int64_t height,
                             std::int64_t rows, std::int64_t bytes);

/// Sides of the tiles that the VAE may take a picture in, in pixels, the largest first; 0 stands for the
/// whole picture, which is the first. Those that the picture would fit into are not among them.
std::vector<std::int64_t> tilesFor(const VaeConfig& vae, std::int64_t width, std::int64_t height);

/// Of a picture of `settings` by `model`, the largest that it is on its way; what is drawn with has `numbers`
/// weights, and each takes `bytes`.
protocol::MemoryEstimate memoryFor(const ModelFolder& model, std::int64_t numbers,
                                   const protocol::GenerationSettings& settings, std::int64_t bytes);

/// The side of the largest square picture whose `least` is at most `room` bytes, a multiple of 64; 0: none.
std::int64_t sideThatFits(const ModelFolder& model, std::int64_t bytes, std::int64_t room);

}  // namespace easel::models
