// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::hub {

/// A file that can be fetched, as it was announced. Its names are checked; its size is not negative.
struct RemoteFile {
    std::string path;
    std::int64_t size = 0;
    std::string blob;  ///< its hash: SHA-256 (of what Git LFS keeps, for one), else git's SHA-1

    bool operator==(const RemoteFile&) const = default;
};

/// Takes bytes from `offset` on; an error ends the download and is its error.
using Sink = std::function<protocol::Expected<void>(std::int64_t offset, std::span<const char> bytes)>;

/// Where files go, and the lock that whoever fetches one has.
struct Places {
    std::function<std::filesystem::path(const RemoteFile&)> file;
    std::function<std::filesystem::path(const RemoteFile&)> lock;
};

/// Where files come from. For one thread at a time.
class Source {
public:
    Source() = default;
    virtual ~Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    /// That a file may be had, and is what was announced.
    virtual protocol::Expected<void> check(const RemoteFile& file, const std::stop_token& stop) = 0;
    /// Hands the file's bytes from `from` up to `to` to `sink`, each once and in order.
    virtual protocol::Expected<void> download(const RemoteFile& file, std::int64_t from, std::int64_t to,
                                              const Sink& sink, const std::stop_token& stop) = 0;
};

}  // namespace easel::hub
