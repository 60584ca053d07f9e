// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "server/hub/downloads.h"
#include "server/hub/settings.h"
#include "server/libtorch/older.h"
#include "server/libtorch/pins.h"
#include "server/libtorch/setup_progress.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

struct SetupOptions {
    PinList list;
    std::filesystem::path into;                 ///< gets a folder with the list's name
    std::optional<std::filesystem::path> from;  ///< a folder with the wheels; nothing: an index
    hub::Downloads::Options downloads = {};
    /// Bytes that are free on the disk with `into`; not given: asked of the disk.
    std::function<std::int64_t()> freeBytes = {};
};

struct SetupResult {
    std::filesystem::path folder;
    bool wasHere = false;  ///< there was nothing to do
    Older older = {};
    std::string otherInUse = {};  ///< the one of the other kind, where something runs with it
};

/// Brings libtorch into `into`/NAME: fetches the wheels or takes those of a folder, compares their hashes and
/// unpacks what programs without Python need, in NAME.part, which gets its name when all is there. Blocks.
/// Interrupted, the next run goes on where it was. Takes the disk that the libraries take, and the smallest
/// wheel: each is removed when it is unpacked. Older ones go at last, unless they are in use. Another process
/// at it is waited for. `onProgress` is called on this thread, about four times a second. Errors: as Index
/// and `findWheels`, what came is not what was pinned, 507 when the disk has too little room, before the
/// first byte or later; stopped.
protocol::Expected<SetupResult> setUp(const hub::Settings& settings, const SetupOptions& options,
                                      const std::function<void(const SetupProgress&)>& onProgress,
                                      const std::stop_token& stop);

}  // namespace easel::libtorch
