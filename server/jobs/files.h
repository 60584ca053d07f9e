// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

/// Files and folders that are their owner's alone and outlive a power cut. Each answers 0 or an errno.
namespace easel::jobs {

/// Writes or replaces a file.
int writeDurably(const std::filesystem::path& file, std::span<const std::uint8_t> bytes);
/// Makes what was written into a file, or created or renamed in a folder, outlive a power cut.
int sync(const std::filesystem::path& place);
/// Makes a folder in one that is there. EEXIST when it is there already.
int makeFolder(const std::filesystem::path& folder);

/// What Easel made and cannot use, but must not lose, goes into the folder "set-aside" beside it.
std::filesystem::path setAsideBeside(const std::filesystem::path& place);
/// `name` in `folder`, with a number behind it when that is taken.
std::filesystem::path freeNameIn(const std::filesystem::path& folder, const std::string& name);

}  // namespace easel::jobs
