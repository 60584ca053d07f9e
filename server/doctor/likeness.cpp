// SPDX-License-Identifier: Apache-2.0
#include "server/doctor/likeness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

namespace easel::doctor {

namespace {

using generator::Stage;

/// What a stage spans from its least to its greatest number.
double spanOf(const Stage& stage) {
    constexpr double kOfPictures = 255;
    if (stage.name == generator::kPictureStage) {
        return kOfPictures;
    }
    const auto [least, greatest] = std::ranges::minmax(stage.values);
    return double{greatest} - double{least};
}

bool isFinite(const Stage& stage) {
    return std::ranges::all_of(stage.values, [](float value) { return std::isfinite(value); });
}

std::string shapeOf(const Stage& stage) {
    std::string text;
    for (const std::int64_t side : stage.shape) {
        text += (text.empty() ? "" : "x") + std::to_string(side);
    }
    return text;
}

std::string objection(const Stage& reference, const Stage& other) {
    if (reference.shape != other.shape || reference.values.size() != other.values.size()) {
        return fmt::format("its shape is {} instead of {}", shapeOf(other), shapeOf(reference));
    }
    if (reference.values.empty()) {
        return "it is empty";
    }
    if (!isFinite(reference)) {
        return "the CPU's has numbers that are not finite";
    }
    return isFinite(other) ? "" : "it has numbers that are not finite";
}

}  // namespace

/// What the stages of the starter model differ by from those in fp32, on one CPU and after 15 steps of DDIM:
///
///                               text   prediction   latents   picture
///     fp32 of other kernels     147          139       135     equal
///     fp16                       83           82        76        62
///     bf16                       64           62        57        52
///
/// The least leaves twenty dB (ten times the difference) or more to another device's order of adding, and to
/// other models. TF32, which is as coarse as fp16, does not pass for fp32, and latents that are a tenth off
/// pass for nothing; 30 dB is what a picture keeps that people do not tell from the other.
double leastDecibels(std::string_view stage, std::string_view precision) {
    struct Row {
        std::string_view stage;
        double fp32;
        double fp16;
        double bf16;
    };
    static constexpr Row kRows[] = {{"text", 100, 60, 42},
                                    {"prediction", 100, 60, 42},
                                    {"latents", 80, 50, 36},
                                    {generator::kPictureStage, 50, 30, 30}};
    const auto* const row = std::ranges::find(kRows, stage, &Row::stage);
    if (row == std::end(kRows)) {
        return std::numeric_limits<double>::infinity();
    }
    return precision == "fp32" ? row->fp32 : precision == "fp16" ? row->fp16 : row->bf16;
}

Likeness compare(const Stage& reference, const Stage& other, double least) {
    Likeness likeness{reference.name, 0, least, objection(reference, other)};
    if (!likeness.problem.empty()) {
        return likeness;
    }
    double squares = 0;
    for (std::size_t i = 0; i < reference.values.size(); ++i) {
        const double difference = double{other.values[i]} - double{reference.values[i]};
        squares += difference * difference;
    }
    const double error = std::sqrt(squares / static_cast<double>(reference.values.size()));
    const double span = spanOf(reference);
    // A reference that is the same everywhere spans nothing: then only what is equal is like it.
    likeness.decibels = error == 0 ? std::numeric_limits<double>::infinity()
                        : span > 0 ? 20 * std::log10(span / error)
                                   : -std::numeric_limits<double>::infinity();
    return likeness;
}

std::vector<Likeness> compareAll(const std::vector<Stage>& reference, const std::vector<Stage>& others,
                                 std::string_view precision) {
    std::vector<Likeness> likenesses;
    for (const Stage& stage : reference) {
        const double least = leastDecibels(stage.name, precision);
        const auto other = std::ranges::find(others, stage.name, &Stage::name);
        likenesses.push_back(other == others.end() ? Likeness{stage.name, 0, least, "it is missing"}
                                                   : compare(stage, *other, least));
    }
    return likenesses;
}

std::string inWords(const std::vector<Likeness>& likenesses) {
    std::string text;
    for (const Likeness& each : likenesses) {
        text += text.empty() ? "" : ", ";
        text += each.stage + ' ';
        text += !each.problem.empty()       ? "not comparable"
                : std::isinf(each.decibels) ? (each.decibels > 0 ? "equal" : "unlike")
                                            : fmt::format("{:.0f} dB", each.decibels);
    }
    return text;
}

}  // namespace easel::doctor
