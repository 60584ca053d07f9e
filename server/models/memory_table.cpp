// SPDX-License-Identifier: Apache-2.0
#include "server/models/memory_table.h"

#include <utility>

#include <fmt/core.h>

#include "server/models/memory.h"

namespace easel::models {

namespace {

constexpr std::int64_t kBytes = 2;  // of a number in half precision
constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr double kSmallGpu = 0.9 * 8 * kGiB;  // what a worker takes of it, unless it is told otherwise

// Numbers of weights, counted in the published files.
constexpr std::int64_t kClip = 123'060'480;
constexpr std::int64_t kOpenClipH = 340'387'840;
constexpr std::int64_t kOpenClipG = 694'659'840;
constexpr std::int64_t kVaeNumbers = 83'653'863;

PublishedModel published(std::string name, Family family, int side, int channels, std::int64_t texts,
                         std::int64_t unet) {
    PublishedModel model{
        .name = std::move(name), .folder = {}, .side = side, .texts = texts, .others = unet + kVaeNumbers};
    model.folder.family = family;
    model.folder.unet.down = {UNetBlock{.channels = channels}};
    model.folder.vae.blockOutChannels = {128, 256, 512, 512};
    model.folder.vae.sampleSize = side;
    return model;
}

std::string gibibytes(std::int64_t bytes) {
    return fmt::format("{:.2f}", static_cast<double>(bytes) / kGiB);
}

std::string fitOf(const protocol::MemoryEstimate& memory) {
    if (static_cast<double>(memory.weights + memory.drawing) <= kSmallGpu) {
        return "yes";
    }
    return static_cast<double>(memory.weights + memory.least) <= kSmallGpu ? "in tiles" : "no";
}

std::string rowOf(const PublishedModel& model) {
    const ModelFolder& folder = model.folder;
    const std::int64_t side = model.side;
    const std::int64_t inVae = bytesInVae(folder, kBytes);
    const std::int64_t tile = tilesFor(folder.vae, side, side).back();
    protocol::GenerationSettings settings;
    settings.width = settings.height = model.side;
    return fmt::format("| {} | {}x{} | {} | {} | {} | {} | {} | {} |", model.name, side, side,
                       gibibytes(model.numbers() * kBytes), gibibytes(model.texts * kBytes),
                       gibibytes(bytesOfStep(folder, side, side, 2, kBytes)),
                       gibibytes(bytesOfVaePass(folder.vae, side, side, inVae)),
                       gibibytes(bytesOfVaePass(folder.vae, tile, tile, inVae)),
                       fitOf(memoryFor(folder, model.numbers(), settings, kBytes)));
}

}  // namespace

std::vector<PublishedModel> publishedModels() {
    return {
        published("Stable Diffusion 1.x", Family::StableDiffusion, 512, 320, kClip, 859'520'964),
        published("Stable Diffusion 2.x base", Family::StableDiffusion, 512, 320, kOpenClipH, 865'910'724),
        published("Stable Diffusion 2.x", Family::StableDiffusion, 768, 320, kOpenClipH, 865'910'724),
        published("Stable Diffusion XL", Family::StableDiffusionXL, 1024, 320, kClip + kOpenClipG,
                  2'567'463'684),
        published("its refiner", Family::StableDiffusionXLRefiner, 1024, 384, kOpenClipG, 2'259'526'660),
    };
}

std::vector<std::string> memoryTable() {
    std::vector<std::string> lines{
        "| GiB | picture | weights | of them text encoders | a step | VAE whole | VAE in tiles | fits 8 GiB "
        "|",
        "|---|---|---|---|---|---|---|---|"};
    for (const PublishedModel& model : publishedModels()) {
        lines.push_back(rowOf(model));
    }
    return lines;
}

}  // namespace easel::models
