// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "shared/protocol/problem.h"

namespace easel::models {

enum class Activation {
    QuickGelu,  ///< z * sigmoid(1.702 z)
    Gelu,       ///< exact, by erf
};

/// text_encoder/config.json of a CLIPTextModel or a CLIPTextModelWithProjection. What its file leaves out has
/// the value given here.
struct TextEncoderConfig {
    int vocabSize = 49408;
    int hiddenSize = 512;
    int intermediateSize = 2048;
    int layers = 12;
    int heads = 8;
    int maxPositions = 77;  ///< tokens, BOS and EOS included
    Activation activation = Activation::QuickGelu;
    double layerNormEps = 1e-5;
    int projectionDim = 0;  ///< features of the prompt as a whole; 0: it has none

    bool operator==(const TextEncoderConfig&) const = default;
};

/// `withProjection`: of a CLIPTextModelWithProjection. A value that the engine does not support is refused by
/// its key.
protocol::Expected<TextEncoderConfig> readTextEncoderConfig(const std::filesystem::path& file,
                                                            bool withProjection = false);

}  // namespace easel::models
