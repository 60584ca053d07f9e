// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/diffusion/conditioning/guidance.h"
#include "server/diffusion/networks/text/clip.h"
#include "server/diffusion/weights/resident.h"
#include "server/prompt/chunks.h"
#include "server/prompt/script.h"
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
    std::shared_ptr<ResidentNetwork<TextEncoder>> encoder;
    int vocabSize;
    TextLayerRead layer = TextLayerRead::Last;
};

/// How a prompt is read.
struct ReadingManner {
    int skippedLayers = 0;  ///< the encoders' last
    /// Weights leave the mean of a chunk's features as it was. Without that heavy words make all heavier.
    bool keepsMean = true;

    bool operator==(const ReadingManner&) const = default;
};

/// A word that a file teaches: textual inversion.
struct Lesson {
    std::string name;  ///< as prompts have it
    std::filesystem::path file;
};

/// Words of a request that stand for vectors, as each part of a TextStack takes them.
struct TaughtWords {
    struct OfPart {
        std::vector<prompt::TaughtWord> words;
        std::vector<at::Tensor> vectors;  ///< of each word [n, width]
    };
    std::vector<OfPart> parts;  ///< empty where there are no words
};

/// What reads prompts: one or more tokenizers and encoders, whose features lie side by side.
class TextStack {
public:
    TextStack(std::vector<TextPart> parts, c10::Device device);

    /// Those of `lessons` that stand as words in `scripts`; the others' files are not opened. Throws Failure
    /// for a file that does not fit the encoders.
    TaughtWords learn(std::span<const Lesson> lessons, std::span<const prompt::Script> scripts) const;

    /// → context [1, T · chunks, D], and where one of the encoders tells it, the prompt as a whole by its
    /// first chunk. The last ones are remembered. Throws Failure for a word that an encoder has not learned,
    /// and for a prompt with more chunks than prompt::kMaxChunks.
    Conditioning encode(const prompt::Reading& reading, const ReadingManner& manner = {},
                        const TaughtWords& taught = {});
    /// A prompt of one text, as encode() has it.
    Conditioning encode(const std::string& text, const ReadingManner& manner = {});
    /// Each branch of `script` as it is said while a picture is drawn.
    std::vector<Speech> speeches(const prompt::Script& script, const ReadingManner& manner,
                                 const TaughtWords& taught = {});
    /// `speech` with so many empty chunks after each condition that its context has `tokens` tokens.
    Speech lengthened(Speech speech, std::int64_t tokens, const ReadingManner& manner);

    /// Lets the encoders leave the memory until there is another prompt; false where none is there.
    bool leave();

private:
    struct Encoded {
        prompt::Reading reading;
        ReadingManner manner;
        std::size_t chunks;
        Conditioning conditioning;
    };

    void remember(Encoded encoded);
    std::vector<Lesson> saidOf(std::span<const Lesson> lessons,
                               std::span<const prompt::Script> scripts) const;

    std::vector<TextPart> m_parts;
    c10::Device m_device;
    std::list<Encoded> m_encoded;  // the latest first
};

/// The most tokens that a condition of `speeches` has.
std::int64_t longest(std::span<const Speech> speeches);

}  // namespace easel::diffusion
