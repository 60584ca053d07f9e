// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/operations/beginning.h"

#include <ATen/ATen.h>

#include <cstring>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/input_picture.h"
#include "server/image/resample.h"

namespace easel::diffusion {

namespace {

/// 1 where the plane has at least half, [1, 1, height, width] float32.
at::Tensor toMask(const image::Plane& plane) {
    at::Tensor values = at::empty({1, 1, plane.height, plane.width}, at::kByte);
    std::memcpy(values.data_ptr(), plane.values.data(), plane.values.size());
    return values.ge(128).to(at::kFloat);
}

/// By Lanczos, on `device` if that has a kernel for it.
image::Image enlarged(const image::Image& picture, image::Size size, c10::Device device) {
    const auto* const own = gpu::trusted(gpu::Op::Resize, device, at::kByte);
    if (own == nullptr) {
        return image::resized(picture, size);
    }
    const at::Tensor rgb = at::empty({picture.height, picture.width, 3}, at::kByte);
    std::memcpy(rgb.mutable_data_ptr(), picture.rgb.data(), picture.rgb.size());
    const at::Tensor larger = own->resized(rgb.to(device), size).cpu();
    image::Image made{size.width, size.height, {}};
    made.rgb.resize(static_cast<std::size_t>(larger.numel()));
    std::memcpy(made.rgb.data(), larger.const_data_ptr(), made.rgb.size());
    return made;
}

}  // namespace

at::Tensor toTensor(const image::Image& picture) {
    return toPixels(picture).mul_(2).sub_(1);
}

Start startFrom(const Canvas& canvas, const Pipeline& pipeline, int first) {
    const at::Tensor pixels = toTensor(canvas.start);
    if (pipeline.task() == models::Task::Edit) {
        Posterior encoded = pipeline.encode(pixels);
        return {.channels = std::move(encoded.mean), .savings = {std::move(encoded.note)}};
    }
    Start start{.picture = pipeline.encode(pixels), .first = first};
    start.savings = {start.picture->note};
    if (!canvas.mask) {
        return start;
    }
    const at::Tensor mask = toMask(*canvas.mask);
    const at::Tensor& mean = start.picture->mean;
    // The pixel at each latent's corner speaks for it, as the models were trained.
    const at::Tensor small = at::upsample_nearest2d(mask, {mean.size(2), mean.size(3)}).to(mean.device());
    if (!small.any().item<bool>()) {
        throw Failure(protocol::invalidField(
            "mask",
            "What is white in the mask is too small to be drawn; paint it larger, or draw the masked "
            "part alone with inpaint_area."));
    }
    start.masked = Masked{.mask = small};
    if (pipeline.task() == models::Task::Inpaint) {
        start.masked->rest = pipeline.encode(pixels * (1 - mask));
        // Each image takes a sample of its own in the place of this mean.
        start.channels = at::cat({small, pipeline.scaled(start.masked->rest->mean)}, 1);
    }
    return start;
}

Start startLarger(const at::Tensor& latents, const Pipeline& pipeline, const protocol::Pass& pass,
                  std::string_view upscaler, std::int64_t room) {
    if (upscaler == "lanczos") {
        const Made decoded = pipeline.decodeWithin(latents, room);
        const auto larger =
            enlarged(toImage(decoded.result), {pass.width, pass.height}, decoded.result.device());
        Start start{.picture = pipeline.encode(toTensor(larger)), .first = pass.first};
        start.savings = {decoded.note, start.picture->note};
        return start;
    }
    const std::int64_t scale = pipeline.pixelsOfALatent();
    return {.latents = at::upsample_bilinear2d(latents, {pass.height / scale, pass.width / scale}, false),
            .first = pass.first};
}

}  // namespace easel::diffusion
