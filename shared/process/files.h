// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// Files and folders that are their owner's alone and outlive a power cut, where nothing else is said. Each
/// answers 0 or an errno.
namespace easel::process {

/// How a file is written.
struct Writing {
    bool durably = true;  ///< it outlives a power cut
    ::mode_t mode = 0600;
};

/// Writes or replaces a file, which is there complete or not at all; until it is, what has been written lies
/// beside it as FILE.part.
int writeWhole(const std::filesystem::path& file, std::span<const std::uint8_t> bytes, Writing how = {});
int writeWhole(const std::filesystem::path& file, std::string_view text, Writing how = {});
/// Reads a plain file, as it was when it was opened, into `text`. EISDIR for a folder and all else that is no
/// plain file; EFBIG, and `text` as long as the file, beyond `most` bytes. It is looked up once, and never
/// waits for a pipe's writer.
int readWhole(const std::filesystem::path& file, std::size_t most, std::string& text);
/// Makes what was written into a file, or created or renamed in a folder, outlive a power cut.
int sync(const std::filesystem::path& place);
/// Makes a folder in one that is there. EEXIST when it is there already.
int makeFolder(const std::filesystem::path& folder);

/// What Easel made and cannot use, but must not lose, goes into the folder "set-aside" beside it.
std::filesystem::path setAsideBeside(const std::filesystem::path& place);
/// `name` in `folder`, with a number behind it when that is taken.
std::filesystem::path freeNameIn(const std::filesystem::path& folder, const std::string& name);

}  // namespace easel::process
