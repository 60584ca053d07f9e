// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace easel::protocol {

/// What an image that is being drawn looks like so far: small, told to who follows just then, and kept
/// nowhere. It shows what is drawn: of an image of which only a masked part is drawn, that part.
struct Preview {
    int index = 0;  ///< of the image
    int step = 0;   ///< sampler steps of this image that are done
    int steps = 0;  ///< … and that there are in all
    int width = 0;  ///< pixels of the preview itself
    int height = 0;
    std::string contentType = "image/jpeg";
    /// The file. On the wire it is base64 in JSON, which holds for nothing else that is drawn: an event
    /// stream is text.
    std::string bytes;

    bool operator==(const Preview&) const = default;
};

/// Pixels of a preview's longer side at most.
inline constexpr int kMaxPreviewSide = 512;
/// Of its file. What is larger is not sent, and not read.
inline constexpr std::size_t kMaxPreviewBytes = std::size_t{64} << 10;

}  // namespace easel::protocol
