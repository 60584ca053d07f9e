// SPDX-License-Identifier: Apache-2.0
#include "server/image/drawn.h"

#include "server/image/png.h"
#include "shared/protocol/infotext.h"

namespace easel::image {

protocol::Expected<std::vector<std::uint8_t>> encodeDrawn(const Image& picture,
                                                          const protocol::GenerationSettings& settings) {
    const PngText infotext{std::string(protocol::kInfotextKeyword), toInfotext(settings, EASEL_VERSION)};
    return encodePng(picture, {&infotext, 1});
}

}  // namespace easel::image
