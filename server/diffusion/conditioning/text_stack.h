// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "server/diffusion/conditioning/conditioning.h"
#include "server/diffusion/networks/text/clip.h"
#include "server/prompt/tokenizer.h"

namespace easel::diffusion {

/// What a family reads of a text encoder.
enum class TextLayerRead {
    Last,         ///< after the final norm
    Penultimate,  ///< before any norm
};

/// A tokenizer and the encoder that was trained with it.
struct TextPart {
    prompt::Tokenizer tokenizer;
    std::shared_ptr<const TextEncoder> encoder;
    int vocabSize;
    TextLayerRead layer = TextLayerRead::Last;
};

/// What reads prompts: one or more tokenizers and encoders, whose features lie side by side.
class TextStack {
public:
    TextStack(std::vector<TextPart> parts, c10::Device device);

    /// → context [1, T, D], without the encoders' last `skippedLayers`, and where one of them tells it, the
    /// prompt as a whole. The last few are remembered. Throws Failure for a word that an encoder has not
    /// learned.
    Conditioning encode(const std::string& prompt, int skippedLayers = 0);

private:
    struct Encoded {
        std::string prompt;
        int skippedLayers;
        Conditioning conditioning;
    };

    std::vector<TextPart> m_parts;
    c10::Device m_device;
    std::list<Encoded> m_encoded;  // the latest first
};

}  // namespace easel::diffusion
