// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/text_stack.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "server/diffusion/failure.h"

namespace easel::diffusion {
namespace {

constexpr std::size_t kRememberedPrompts = 32;

TextFeatures encodeWith(const TextPart& part, const std::string& prompt, int skippedLayers,
                        c10::Device device) {
    std::vector<std::int32_t> ids;
    for (const prompt::Token& token : part.tokenizer.tokensOf(prompt)) {
        ids.push_back(token.id);
    }
    const auto framed = part.tokenizer.framed(ids);
    // A GPU that is asked for a row that is not there can do nothing more.
    if (*std::max_element(framed.begin(), framed.end()) >= part.vocabSize) {
        throw Failure(
            protocol::generationFailed("The model's tokenizer knows a word of the prompt that its text "
                                       "encoder has not learned: the two do "
                                       "not belong together. Leave the word out."));
    }
    const auto end = std::find(framed.begin(), framed.end(), part.tokenizer.eos()) - framed.begin();
    const bool isLast = part.layer == TextLayerRead::Last;
    return part.encoder->forward(at::tensor(framed, at::kLong).unsqueeze(0).to(device),
                                 {skippedLayers + (isLast ? 0 : 1), isLast,
                                  at::tensor({static_cast<std::int64_t>(end)}, at::kLong).to(device)});
}

}  // namespace

TextStack::TextStack(std::vector<TextPart> parts, c10::Device device)
    : m_parts(std::move(parts)), m_device(device) {}

Conditioning TextStack::encode(const std::string& prompt, int skippedLayers) {
    for (auto it = m_encoded.begin(); it != m_encoded.end(); ++it) {
        if (it->prompt == prompt && it->skippedLayers == skippedLayers) {
            m_encoded.splice(m_encoded.begin(), m_encoded, it);
            return it->conditioning;
        }
    }
    std::vector<at::Tensor> contexts;
    contexts.reserve(m_parts.size());
    Conditioning made;
    for (const TextPart& part : m_parts) {
        auto features = encodeWith(part, prompt, skippedLayers, m_device);
        contexts.push_back(std::move(features.tokens));
        if (features.whole.defined()) {
            made.pooled = std::move(features.whole);
        }
    }
    made.context = contexts.size() == 1 ? contexts.front() : at::cat(contexts, -1);
    m_encoded.push_front({prompt, skippedLayers, made});
    if (m_encoded.size() > kRememberedPrompts) {
        m_encoded.pop_back();
    }
    return made;
}

}  // namespace easel::diffusion
