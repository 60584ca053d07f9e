// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What may come from the hub, or from who asks, into an address or a path.
namespace easel::hub {

/// A branch, a tag, "refs/pr/1" or a commit: no "..", no end that leaves its folder.
bool isRevision(std::string_view text);
/// 40 hexadecimal digits in lower case.
bool isCommit(std::string_view text);
/// What a blob of the cache is called: the SHA-1 that git gives it (40 digits) or its SHA-256 (64).
bool isBlobName(std::string_view text);
/// A file's path in a repository: relative, with no part "." or "..", no control character, no backslash.
bool isFilePath(std::string_view text);
/// "fp16" and the like; empty is none.
bool isVariant(std::string_view text);

}  // namespace easel::hub
