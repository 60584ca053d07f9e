// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "server/models/files/tensor_source.h"
#include "shared/protocol/problem.h"

/// Tiny autoencoders of TAESD's shape, which show what latents will be.
namespace easel::models {

/// The file of the one that the model in `root` brings, in a folder "tiny_vae", "taesd" or "vae_approx" of
/// its own; empty: it brings none. Which model a file fits cannot be told by its tensors, so one that lies
/// elsewhere is nobody's.
std::filesystem::path tinyVaeIn(const std::filesystem::path& root);

/// The tensors of its decoder by diffusers' names, whoever wrote `file`. Errors: 500; that file has none.
protocol::Expected<TensorSource> openTinyDecoder(const std::filesystem::path& file);

}  // namespace easel::models
