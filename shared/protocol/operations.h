// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

/// What a model can do, as ModelInfo::operations lists it.
namespace easel::protocol {

inline constexpr std::string_view kTextToImage = "text_to_image";
inline constexpr std::string_view kImageToImage = "image_to_image";
inline constexpr std::string_view kInpaint = "inpaint";  ///< and outpaint
inline constexpr std::string_view kEdit = "edit";        ///< a picture changes as the prompt says
inline constexpr std::string_view kRefine = "refine";    ///< it makes the last steps of another's picture

/// One that tells nothing of itself is taken to be able to do it.
bool canDo(const ModelInfo& model, std::string_view operation);

/// Why `model` cannot draw what was asked for: the field that is too much or wanting, and what to do.
std::optional<Problem> beyond(const ModelInfo& model, const GenerationSettings& settings);

}  // namespace easel::protocol
