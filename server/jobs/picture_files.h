// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

/// Files of pictures in folders of a folder: what ImageFolder and InputFolder have in common.
namespace easel::jobs {

/// At the end of a name: a file that is not there yet; see process::writeWhole.
inline constexpr std::string_view kDraft = ".part";

/// Makes it where it is not there yet.
protocol::Expected<void> makeHome(const std::filesystem::path& folder);

/// Writes `target`, which lies in a folder of `home`, whole or not at all, also after a power cut. Makes both
/// folders anew when they were removed. Errors: noSpace when the disk is full, else internalError.
protocol::Expected<void> writePicture(const std::filesystem::path& home, const std::filesystem::path& target,
                                      std::span<const std::uint8_t> bytes);

/// What is in `folder`; nothing when it cannot be read, or is a link to elsewhere.
std::vector<std::filesystem::path> entriesOf(const std::filesystem::path& folder);

}  // namespace easel::jobs
