// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/addition.h"

namespace easel::protocol {

/// What a client asks for. Only the prompt is required; the server fills in the rest from the
/// model's own defaults and reports what it used.
struct GenerationRequest {
    std::string prompt;
    std::optional<std::string> negativePrompt;
    std::optional<std::string> model;
    std::optional<int> width;
    std::optional<int> height;
    std::optional<int> steps;
    std::optional<double> guidance;
    std::optional<std::string> sampler;
    std::optional<std::string> schedule;
    std::optional<std::int64_t> seed;  ///< -1 or absent: the server draws one.
    std::optional<int> count;
    std::optional<int> clipSkip;
    std::optional<double> eta;
    std::optional<double> guidanceRescale;
    std::optional<double> imageGuidance;
    std::optional<std::string> promptSyntax;
    std::optional<std::string> emphasis;
    std::vector<LoraUse> loras;
    std::vector<ControlUse> controls;
    std::optional<std::string> vae;
    std::optional<std::string> initImage;
    std::optional<double> strength;
    std::optional<std::string> resize;
    std::optional<std::string> mask;
    std::optional<int> maskBlur;
    std::optional<std::string> maskedContent;
    std::optional<std::string> inpaintArea;
    std::optional<int> inpaintPadding;
    std::optional<int> extendLeft;
    std::optional<int> extendTop;
    std::optional<int> extendRight;
    std::optional<int> extendBottom;
    std::optional<double> hiresScale;
    std::optional<int> hiresSteps;
    std::optional<double> hiresStrength;
    std::optional<std::string> hiresUpscaler;
    std::optional<double> variationStrength;
    std::optional<std::int64_t> variationSeed;  ///< -1 or absent: the server draws one.
    std::optional<std::string> refiner;
    std::optional<double> refinerStart;
    std::optional<double> aestheticScore;
    std::optional<double> negativeAestheticScore;
    std::optional<int> originalWidth;
    std::optional<int> originalHeight;
    std::optional<int> cropLeft;
    std::optional<int> cropTop;
    std::optional<int> targetWidth;
    std::optional<int> targetHeight;
    std::optional<double> guidanceFrom;
    std::optional<double> guidanceTo;
    std::optional<int> deepcacheInterval;
    std::optional<double> tokenMerging;
    std::optional<std::string> decoder;
    std::optional<int> previewEvery;

    bool operator==(const GenerationRequest&) const = default;
};

/// A request with every gap filled in: what is drawn, stored and written into the file.
struct GenerationSettings {
    std::string model;
    std::string prompt;
    std::string negativePrompt;
    int width = 512;   ///< pixels
    int height = 512;  ///< pixels
    int steps = 25;
    double guidance = 7.5;  ///< classifier-free guidance scale; <= 1 runs one branch
    std::string sampler;    ///< one of samplerKinds()
    std::string schedule = "default";
    std::int64_t seed = 0;  ///< of the first image; image i uses seed + i
    int count = 1;
    int clipSkip = 1;  ///< the text encoder's layer that is listened to, from the last; 2: the penultimate
    double eta = -1;   ///< how much of a step's noise is drawn anew; -1: as the sampler has it
    double guidanceRescale = 0;          ///< 0 to 1: towards the deviation of the prompt's own prediction
    double imageGuidance = 1.5;          ///< of models that edit a picture: how closely that one is followed
    std::string promptSyntax = "a1111";  ///< one of kPromptSyntaxes
    std::string emphasis = "original";   ///< one of kEmphases
    std::vector<LoraUse> loras;
    std::vector<ControlUse> controls;
    std::string vae;                         ///< instead of the model's own
    std::string initImage;                   ///< an input's id; empty: from noise alone
    double strength = 0.75;                  ///< 0 to 1: how much of the first picture may change
    std::string resize = "crop";             ///< one of kResizes: how it comes to width and height
    std::string mask;                        ///< an input's id: white is drawn anew
    int maskBlur = 4;                        ///< pixels
    std::string maskedContent = "original";  ///< one of kMaskedContents
    std::string inpaintArea = "whole";       ///< one of kInpaintAreas
    int inpaintPadding = 32;                 ///< pixels around the mask, where it alone is drawn
    int extendLeft = 0;                      ///< pixels beyond the first picture, as the others
    int extendTop = 0;
    int extendRight = 0;
    int extendBottom = 0;
    double hiresScale = 1;                 ///< of a second pass; 1: there is none
    int hiresSteps = 0;                    ///< of it; 0: as many as of the first
    double hiresStrength = 0.7;            ///< 0 to 1: how much it may change
    std::string hiresUpscaler = "latent";  ///< one of kHiresUpscalers
    double variationStrength = 0;          ///< 0 to 1: from the seed's noise to the variation seed's
    std::int64_t variationSeed = -1;       ///< of the first image, as `seed`; -1 where there is no variation
    std::string refiner;                   ///< a model that makes the last steps
    double refinerStart = 0.8;             ///< 0 to 1: after so much of the steps
    double aestheticScore = 6;             ///< that a refiner is told of the prompt,
    double negativeAestheticScore = 2.5;   ///< and of the negative prompt
    int originalWidth = 0;  ///< pixels that an SDXL model is told; 0: the picture's own, as the next
    int originalHeight = 0;
    int cropLeft = 0;
    int cropTop = 0;
    int targetWidth = 0;
    int targetHeight = 0;
    double guidanceFrom = 0;       ///< 0 to 1: there is guidance from so much of the steps
    double guidanceTo = 1;         ///< to so much of them
    int deepcacheInterval = 1;     ///< steps from one that runs the whole network to the next; 1: all do
    double tokenMerging = 0;       ///< share of the places that self-attention sees as one with another
    std::string decoder = "full";  ///< one of kDecoders
    int previewEvery = 0;          ///< steps from one preview to the next; 0: there are none

    bool operator==(const GenerationSettings&) const = default;
};

}  // namespace easel::protocol
