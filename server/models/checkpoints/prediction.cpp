// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/prediction.h"

#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "server/models/files/numbers.h"

namespace easel::models {

namespace {

/// Where other programs part the children of Stable Diffusion 2, too.
/// them.
constexpr double kLeastDeviationOfV = 0.09;

std::optional<double> deviation(const TensorEntry* tensor) {
    const auto numbers = tensor != nullptr ? numbersOf(*tensor) : std::nullopt;
    if (!numbers || numbers->size() < 2) {
        return std::nullopt;
    }
    const double count = static_cast<double>(numbers->size());
    const double mean = std::accumulate(numbers->begin(), numbers->end(), 0.0) / count;
    double squares = 0;
    for (const float number : *numbers) {
        squares += (number - mean) * (number - mean);
    }
    return std::sqrt(squares / (count - 1));
}

}  // namespace

Prediction guessPrediction(const SortedTensors& all, const TensorSource& unet, const UNetConfig& config) {
    const auto isMarked = [&all](std::string_view mark) { return all.others.contains(mark); };
    if (isMarked("v_pred")) {
        return {PredictionType::VPrediction, isMarked("ztsnr"), "the file has the mark v_pred"};
    }
    const bool isStableDiffusion2 =
        config.linearProjection && unet.find("add_embedding.linear_1.weight") == nullptr;
    if (!isStableDiffusion2) {
        return {PredictionType::Epsilon, false, "models of this family do unless they are marked otherwise"};
    }
    if (config.inChannels != 4) {
        return {PredictionType::Epsilon, false, "models of this family with more inputs do"};
    }
    const std::size_t last = config.up.size() - 1;
    const auto spread = deviation(unet.find(fmt::format(
        "up_blocks.{}.attentions.{}.transformer_blocks.0.norm1.bias", last, config.up.back().layers - 1)));
    if (!spread) {
        return {PredictionType::Epsilon, false, "nothing in the file says otherwise"};
    }
    const bool isV = *spread > kLeastDeviationOfV;
    return {
        isV ? PredictionType::VPrediction : PredictionType::Epsilon, false,
        fmt::format("the last of its transformers' norms spreads by {:.3f}, and those of models that predict "
                    "v by more than {}",
                    *spread, kLeastDeviationOfV)};
}

}  // namespace easel::models
