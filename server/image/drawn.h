// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "server/image/image.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::image {

/// The PNG file of a picture that was drawn with `settings`; they stand in it as infotext.
protocol::Expected<std::vector<std::uint8_t>> encodeDrawn(const Image& picture,
                                                          const protocol::GenerationSettings& settings);

}  // namespace easel::image
