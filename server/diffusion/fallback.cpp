// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/fallback.h"

#include <ATen/ATen.h>
#include <malloc.h>

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "server/diffusion/networks/vae/tiling.h"
#include "server/models/memory.h"

namespace easel::diffusion {
namespace {

/// Of the machine's memory, which other programs use, too: with it a picture of 1024x1024 is made in one
/// piece.
constexpr std::int64_t kMostOnCpu = std::int64_t{4} << 30;

/// As long as it lives, malloc gives large blocks back when they are freed, which openDevice() has it keep
/// for the CPU. Tiles are made where memory is short, and clearing fresh pages is little of what they take.
class LargeBlocksGoBack {
public:
    LargeBlocksGoBack() {
        constexpr int kLarge = 32 << 20;  // the most that malloc takes for this
        constexpr int kMany = 65536;
        mallopt(M_MMAP_THRESHOLD, kLarge);
        mallopt(M_MMAP_MAX, kMany);
    }
    ~LargeBlocksGoBack() { mallopt(M_MMAP_MAX, 0); }
    LargeBlocksGoBack(const LargeBlocksGoBack&) = delete;
    LargeBlocksGoBack& operator=(const LargeBlocksGoBack&) = delete;
};

struct Size {
    std::int64_t width;
    std::int64_t height;
};

/// `run` gets the side of a tile in pixels, or 0; `what` it does is told where there are tiles.
Made withinTiles(const models::VaeConfig& config, Size size, const at::Tensor& x, std::int64_t room,
                 const std::string& what, const std::function<at::Tensor(std::int64_t side)>& run) {
    room = x.is_cpu() ? std::min(room, kMostOnCpu) : room;
    const auto bytes = static_cast<std::int64_t>(x.element_size());
    const auto fits = [&](std::int64_t side) {
        const auto [width, height] =
            side == 0 ? size : Size{std::min(side, size.width), std::min(side, size.height)};
        return models::bytesOfVaePass(config, width, height, bytes) <= room;
    };
    const auto sides = models::tilesFor(config, size.width, size.height);
    for (auto side = std::find_if(sides.begin(), sides.end() - 1, fits);; ++side) {
        try {
            std::optional<LargeBlocksGoBack> givesBack;
            if (*side != 0 && x.is_cpu()) {
                givesBack.emplace();
            }
            return {run(*side), *side == 0 ? ""
                                           : "To save memory " + what + " in tiles of " +
                                                 std::to_string(*side) + ", with blended seams."};
        } catch (const std::exception& error) {
            if (side + 1 == sides.end() || !isOutOfMemory(error)) {
                throw;
            }
        }
    }
}

}  // namespace

/// libtorch has a class of its own for what a GPU lacks alone.
bool isOutOfMemory(const std::exception& error) {
    constexpr std::string_view kOfCpu = "can't allocate memory";
    return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
           dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
           std::string_view(error.what()).find(kOfCpu) != std::string_view::npos;
}

Made decodeWithin(const Vae& vae, const models::VaeConfig& config, const at::Tensor& latents,
                  std::int64_t room) {
    const int scale = config.scale();
    return withinTiles(
        config, {latents.size(3) * scale, latents.size(2) * scale}, latents, room, "its pixels were made",
        [&](std::int64_t side) {
            const auto decode = [&](const at::Tensor& x) { return vae.decoder.forward(x); };
            return side == 0 ? decode(latents) : inTiles(latents, {side / scale, side}, decode);
        });
}

Made encodeWithin(const Vae& vae, const models::VaeConfig& config, const at::Tensor& pixels,
                  std::int64_t room) {
    const int scale = config.scale();
    return withinTiles(config, {pixels.size(3), pixels.size(2)}, pixels, room,
                       "the picture it begins with was read", [&](std::int64_t side) {
                           const auto encode = [&](const at::Tensor& x) { return vae.encoder.forward(x); };
                           return side == 0 ? encode(pixels) : inTiles(pixels, {side, side / scale}, encode);
                       });
}

}  // namespace easel::diffusion
