// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "server/image/orientation.h"
#include "shared/protocol/problem.h"

namespace easel::image {

/// What a WebP file's head says. Errors: 400; 415 for an animation.
protocol::Expected<Size> webpSize(std::span<const std::uint8_t> file);

/// Lossy or lossless, with or without alpha. Errors: as webpSize.
protocol::Expected<Stored> decodeWebp(std::span<const std::uint8_t> file);

}  // namespace easel::image
