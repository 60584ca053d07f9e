// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/generator/frames.h"
#include "shared/protocol/problem.h"

/// What a frame is made of: its type, which is its place in Frame, a control part in JSON, and pixels.
namespace easel::generator {

/// The conversation is over: `what` went wrong with it.
protocol::Problem broken(std::string_view what);

std::string controlOf(const Frame& frame);
/// What follows the control part; `frame` owns it.
std::span<const std::uint8_t> pixelsOf(const Frame& frame);
/// Bytes that may follow it.
std::size_t mostPixels(std::size_t type);
/// `type` is one. Errors: what a worker should not have sent.
protocol::Expected<Frame> frameOf(std::size_t type, std::string_view control,
                                  std::vector<std::uint8_t> pixels);

}  // namespace easel::generator
