// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/input_picture.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/image/decode.h"
#include "server/models/files/mapped_file.h"

namespace easel::diffusion {

image::Picture inputPicture(const generator::Materials& materials, const std::string& id,
                            const std::string& field) {
    const auto* const material = materials.find(generator::Material::Kind::Input, id);
    const protocol::Expected<models::MappedFile> file =
        material != nullptr ? models::MappedFile::open(material->path) : tl::unexpected(protocol::Problem());
    if (!file) {
        throw Failure(protocol::invalidField(
            field, "This picture cannot be read; it may be gone. Send it again and draw from that."));
    }
    const auto bytes = file->bytes();
    auto picture = image::decode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                                 protocol::Limits());
    if (!picture) {
        picture.error().field = field;
        throw Failure(std::move(picture.error()));
    }
    return std::move(*picture);
}

image::Fit fitOf(const std::string& name) {
    return name == "stretch" ? image::Fit::Stretch : name == "fill" ? image::Fit::Fill : image::Fit::Crop;
}

at::Tensor toPixels(const image::Image& image) {
    return at::from_blob(const_cast<std::uint8_t*>(image.rgb.data()), {image.height, image.width, 3},
                         at::kByte)
        .permute({2, 0, 1})
        .unsqueeze(0)
        .to(at::kFloat)
        .contiguous()
        .div_(255);
}

}  // namespace easel::diffusion
