// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "shared/protocol/field.h"

/// The one table of what can be asked for. Whatever reads, writes, checks or shows a request visits it: JSON,
/// the form, infotexts, the command line, the desktop's panel.
namespace easel::protocol {

/// In the order in which an infotext and the command line's help have them.
inline constexpr std::tuple kGenerationFields{
    field({"prompt", "", "Prompt", "What to draw"}, &GenerationRequest::prompt, &GenerationSettings::prompt),
    field({"negative_prompt", "", "Negative prompt", "What not to draw"}, &GenerationRequest::negativePrompt,
          &GenerationSettings::negativePrompt),
    field({"steps", "Steps", "Steps", "How often the picture is refined: more takes longer"},
          &GenerationRequest::steps, &GenerationSettings::steps, &ModelInfo::steps,
          [](const Limits& limits) {
              return Range{double(limits.minSteps), double(limits.maxSteps)};
          }),
    field({"sampler", "Sampler", "Sampler", "The method that turns noise into the picture"},
          &GenerationRequest::sampler, &GenerationSettings::sampler, &ModelInfo::sampler),
    field({"schedule", "Schedule type", "Schedule",
           "How the noise is spread over the steps: default, karras, exponential, beta, trailing, "
           "sgm_uniform, ays"},
          &GenerationRequest::schedule, &GenerationSettings::schedule, nullptr, nullptr, true),
    field({"guidance", "CFG scale", "Guidance", "How closely the picture follows the words (CFG scale)"},
          &GenerationRequest::guidance, &GenerationSettings::guidance, &ModelInfo::guidance,
          [](const Limits& limits) {
              return Range{limits.minGuidance, limits.maxGuidance};
          }),
    field({"seed", "Seed", "Seed", "Same seed, same picture; a random one if not given"},
          &GenerationRequest::seed, &GenerationSettings::seed),
    field({"width", "Size", "Width", "In pixels, a multiple of 8"}, &GenerationRequest::width,
          &GenerationSettings::width, &ModelInfo::width,
          [](const Limits& limits) {
              return Range{double(limits.minSide), double(limits.maxSide)};
          }),
    field({"height", "", "Height", "In pixels, a multiple of 8"}, &GenerationRequest::height,
          &GenerationSettings::height, &ModelInfo::height,
          [](const Limits& limits) {
              return Range{double(limits.minSide), double(limits.maxSide)};
          }),
    field({"model", "Model", "Model", "What draws"}, &GenerationRequest::model, &GenerationSettings::model),
    field(
        {"clip_skip", "Clip skip", "Clip skip",
         "Which of the text encoder's layers the prompt is read from: 1 is the last, 2 the one before it"},
        &GenerationRequest::clipSkip, &GenerationSettings::clipSkip, nullptr,
        [](const Limits&) {
            return Range{1, 4};
        },
        true),
    field({"count", "", "Count", "How many pictures; each has the next seed"}, &GenerationRequest::count,
          &GenerationSettings::count, nullptr,
          [](const Limits& limits) {
              return Range{1, double(limits.maxCount)};
          }),
    fieldOf(FieldGroup::Sampling,
            {"eta", "Eta", "Eta", "How much noise each step draws anew: 0 to 1, or -1 for the sampler's own"},
            &GenerationRequest::eta, &GenerationSettings::eta, between<-1, 1>),
    fieldOf(FieldGroup::Sampling,
            {"guidance_rescale", "CFG rescale", "Guidance rescale",
             "0 to 1: takes back the harsh contrast of a high guidance"},
            &GenerationRequest::guidanceRescale, &GenerationSettings::guidanceRescale, between<0, 1>),
    choiceOf(FieldGroup::Words,
             {"prompt_syntax", "Prompt syntax", "Prompt syntax",
              "a1111 reads (weights:1.2), [from:to:0.5] and <lora:…>; plain reads every sign as it stands"},
             &GenerationRequest::promptSyntax, &GenerationSettings::promptSyntax, kPromptSyntaxes),
    choiceOf(FieldGroup::Words,
             {"emphasis", "Emphasis", "Emphasis",
              "How weights in a prompt work: original keeps its mean, no_norm does not"},
             &GenerationRequest::emphasis, &GenerationSettings::emphasis, kEmphases),
    fieldOf(FieldGroup::Additions,
            {"loras", "LoRA", "LoRAs",
             "What a LoRA adds to the model: NAME:WEIGHT[:TEXT_WEIGHT][:blocks=DOWN/MIDDLE/UP], …"},
            &GenerationRequest::loras, &GenerationSettings::loras),
    fieldOf(FieldGroup::Additions,
            {"controls", "ControlNet", "ControlNets",
             "Pictures whose outlines, depth or poses are held to: MODEL:PICTURE[:SCALE[:START:END]], …"},
            &GenerationRequest::controls, &GenerationSettings::controls),
    fieldOf(FieldGroup::Additions, {"vae", "VAE", "VAE", "A VAE to use instead of the model's own"},
            &GenerationRequest::vae, &GenerationSettings::vae),
    fieldOf(
        FieldGroup::Start,
        {"init_image", "Start picture", "Start picture", "A picture to begin with instead of noise alone"},
        &GenerationRequest::initImage, &GenerationSettings::initImage),
    fieldOf(FieldGroup::Start,
            {"strength", "Denoising strength", "Strength",
             "How much of the start picture may change: 0 nothing, 1 everything"},
            &GenerationRequest::strength, &GenerationSettings::strength, between<0, 1>),
    choiceOf(FieldGroup::Start,
             {"resize", "Resize", "Resize",
              "How the start picture comes to the size: stretch it, crop what is too much, or fill the rest"},
             &GenerationRequest::resize, &GenerationSettings::resize, kResizes),
    fieldOf(FieldGroup::Start,
            {"image_guidance", "Image CFG scale", "Image guidance",
             "How closely a model that edits pictures keeps to the start picture"},
            &GenerationRequest::imageGuidance, &GenerationSettings::imageGuidance, between<0, 10>),
    fieldOf(FieldGroup::Mask,
            {"mask", "Mask", "Mask", "A picture as large as the start picture: what is white is drawn anew"},
            &GenerationRequest::mask, &GenerationSettings::mask),
    fieldOf(FieldGroup::Mask,
            {"mask_blur", "Mask blur", "Mask blur", "How far the mask's edge is softened, in pixels"},
            &GenerationRequest::maskBlur, &GenerationSettings::maskBlur, between<0, 64>),
    choiceOf(FieldGroup::Mask,
             {"masked_content", "Masked content", "Masked content",
              "What the masked part begins with: what was there, the colours around it, or noise"},
             &GenerationRequest::maskedContent, &GenerationSettings::maskedContent, kMaskedContents),
    choiceOf(FieldGroup::Mask,
             {"inpaint_area", "Inpaint area", "Inpaint area",
              "Draw the whole picture, or the masked part alone in the full size"},
             &GenerationRequest::inpaintArea, &GenerationSettings::inpaintArea, kInpaintAreas),
    fieldOf(FieldGroup::Mask,
            {"inpaint_padding", "Masked area padding", "Padding",
             "How much is seen around the masked part when it alone is drawn, in pixels"},
            &GenerationRequest::inpaintPadding, &GenerationSettings::inpaintPadding, between<0, 512>),
    fieldOf(FieldGroup::Extend,
            {"extend_left", "Extend left", "Left", "Pixels to draw beyond the start picture's left edge"},
            &GenerationRequest::extendLeft, &GenerationSettings::extendLeft, between<0, 2048>),
    fieldOf(FieldGroup::Extend,
            {"extend_top", "Extend top", "Top", "Pixels to draw beyond the start picture's upper edge"},
            &GenerationRequest::extendTop, &GenerationSettings::extendTop, between<0, 2048>),
    fieldOf(FieldGroup::Extend,
            {"extend_right", "Extend right", "Right", "Pixels to draw beyond the start picture's right edge"},
            &GenerationRequest::extendRight, &GenerationSettings::extendRight, between<0, 2048>),
    fieldOf(
        FieldGroup::Extend,
        {"extend_bottom", "Extend bottom", "Bottom", "Pixels to draw beyond the start picture's lower edge"},
        &GenerationRequest::extendBottom, &GenerationSettings::extendBottom, between<0, 2048>),
    fieldOf(FieldGroup::Hires,
            {"hires_scale", "Hires upscale", "Upscale",
             "Draws the picture again, so many times as large; 1 does not"},
            &GenerationRequest::hiresScale, &GenerationSettings::hiresScale, between<1, 4>),
    fieldOf(FieldGroup::Hires,
            {"hires_steps", "Hires steps", "Upscale steps",
             "Steps of the second pass; 0: as many as of the first"},
            &GenerationRequest::hiresSteps, &GenerationSettings::hiresSteps,
            [](const Limits& limits) {
                return Range{0, double(limits.maxSteps)};
            }),
    fieldOf(FieldGroup::Hires,
            {"hires_strength", "", "Upscale strength",
             "How much the second pass may change: 0 nothing, 1 everything"},
            &GenerationRequest::hiresStrength, &GenerationSettings::hiresStrength, between<0, 1>),
    choiceOf(FieldGroup::Hires,
             {"hires_upscaler", "Hires upscaler", "Upscaler",
              "What makes the picture larger before the second pass: its latents, or Lanczos on its pixels"},
             &GenerationRequest::hiresUpscaler, &GenerationSettings::hiresUpscaler, kHiresUpscalers),
    fieldOf(FieldGroup::Variation,
            {"variation_strength", "Variation seed strength", "Variation",
             "0 to 1: how far from the seed's picture towards the variation seed's"},
            &GenerationRequest::variationStrength, &GenerationSettings::variationStrength, between<0, 1>),
    fieldOf(FieldGroup::Variation,
            {"variation_seed", "Variation seed", "Variation seed",
             "The seed to go towards; a random one if not given"},
            &GenerationRequest::variationSeed, &GenerationSettings::variationSeed),
    fieldOf(FieldGroup::Refiner, {"refiner", "Refiner", "Refiner", "A model that makes the last steps"},
            &GenerationRequest::refiner, &GenerationSettings::refiner),
    fieldOf(FieldGroup::Refiner,
            {"refiner_start", "Refiner switch at", "Switch at",
             "After how much of the steps the refiner goes on: 0 to 1"},
            &GenerationRequest::refinerStart, &GenerationSettings::refinerStart, between<0, 1>),
    fieldOf(FieldGroup::Refiner,
            {"aesthetic_score", "Aesthetic score", "Aesthetic score",
             "What a refiner is told of the prompt: 0 to 10"},
            &GenerationRequest::aestheticScore, &GenerationSettings::aestheticScore, between<0, 10>),
    fieldOf(FieldGroup::Refiner,
            {"negative_aesthetic_score", "Negative aesthetic score", "Negative aesthetic score",
             "What a refiner is told of the negative prompt: 0 to 10"},
            &GenerationRequest::negativeAestheticScore, &GenerationSettings::negativeAestheticScore,
            between<0, 10>),
    fieldOf(FieldGroup::Sizes,
            {"original_width", "Original width", "Original width",
             "The width that an SDXL model takes the picture to have had, in pixels; 0: its own"},
            &GenerationRequest::originalWidth, &GenerationSettings::originalWidth, pixels),
    fieldOf(FieldGroup::Sizes,
            {"original_height", "Original height", "Original height",
             "The height that an SDXL model takes the picture to have had, in pixels; 0: its own"},
            &GenerationRequest::originalHeight, &GenerationSettings::originalHeight, pixels),
    fieldOf(FieldGroup::Sizes,
            {"crop_left", "Crop left", "Crop left",
             "What an SDXL model takes to have been cut off at the left, in pixels"},
            &GenerationRequest::cropLeft, &GenerationSettings::cropLeft, pixels),
    fieldOf(FieldGroup::Sizes,
            {"crop_top", "Crop top", "Crop top",
             "What an SDXL model takes to have been cut off at the top, in pixels"},
            &GenerationRequest::cropTop, &GenerationSettings::cropTop, pixels),
    fieldOf(FieldGroup::Sizes,
            {"target_width", "Target width", "Target width",
             "The width that an SDXL model is told to aim at, in pixels; 0: the picture's own"},
            &GenerationRequest::targetWidth, &GenerationSettings::targetWidth, pixels),
    fieldOf(FieldGroup::Sizes,
            {"target_height", "Target height", "Target height",
             "The height that an SDXL model is told to aim at, in pixels; 0: the picture's own"},
            &GenerationRequest::targetHeight, &GenerationSettings::targetHeight, pixels),
    fieldOf(FieldGroup::Acceleration,
            {"guidance_from", "CFG from", "Guidance from",
             "After how much of the steps guidance begins: 0 to 1; a step without it takes half as long"},
            &GenerationRequest::guidanceFrom, &GenerationSettings::guidanceFrom, between<0, 1>),
    fieldOf(FieldGroup::Acceleration,
            {"guidance_to", "CFG to", "Guidance to", "After how much of the steps guidance ends: 0 to 1"},
            &GenerationRequest::guidanceTo, &GenerationSettings::guidanceTo, between<0, 1>),
    fieldOf(FieldGroup::Acceleration,
            {"deepcache_interval", "DeepCache interval", "Deep cache",
             "DeepCache: every so many steps the whole network is run, else its outermost layers; 1: always"},
            &GenerationRequest::deepcacheInterval, &GenerationSettings::deepcacheInterval, between<1, 20>),
    fieldOf(FieldGroup::Acceleration,
            {"token_merging", "Token merging ratio", "Token merging",
             "Share of the places that self-attention takes together with others like them: 0 to 0.75"},
            &GenerationRequest::tokenMerging, &GenerationSettings::tokenMerging,
            [](const Limits&) {
                return Range{0, kMostTokenMerging};
            }),
    choiceOf(FieldGroup::Acceleration,
             {"decoder", "VAE Decoder", "Decoder",
              "What makes pixels of the latents: the VAE, or the tiny decoder that some models bring"},
             &GenerationRequest::decoder, &GenerationSettings::decoder, kDecoders),
    fieldOf(
        FieldGroup::Watching,
        {"preview_every", "", "Preview", "How many steps from one preview to the next; 0: there are none"},
        &GenerationRequest::previewEvery, &GenerationSettings::previewEvery,
        [](const Limits& limits) {
            return Range{0, double(limits.maxSteps)};
        }),
};

/// Calls `visit` with each row in turn.
template <typename Visit>
constexpr void forEachField(Visit&& visit) {
    std::apply([&](const auto&... row) { (visit(row), ...); }, kGenerationFields);
}

/// Calls `visit` with each row that is a number with a range.
template <typename Visit>
constexpr void forEachNumber(Visit&& visit) {
    forEachField([&](const auto& row) {
        if constexpr (std::is_arithmetic_v<typename std::remove_cvref_t<decltype(row)>::Value>) {
            if (row.range) {
                visit(row);
            }
        }
    });
}

/// Their names on the wire.
constexpr auto fieldNames() {
    return std::apply(
        [](const auto&... row) { return std::array<std::string_view, sizeof...(row)>{row.name...}; },
        kGenerationFields);
}

/// A request for just these pictures again. Empty texts stay unset, as does what goes without saying: older
/// servers may not know it.
GenerationRequest requestFor(const GenerationSettings& settings);

}  // namespace easel::protocol
