// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/hub/hub.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// What of a repository is wanted.
struct Wish {
    std::string variant;            ///< "fp16"; empty: the plain weights
    std::vector<std::string> only;  ///< parts; empty: all that a picture is made of
};

/// The files that the engine reads, and those that say what may be done with them.
struct Selection {
    std::vector<RemoteFile> files;   ///< model_index.json is the first
    std::vector<std::string> notes;  ///< a sentence each
    std::int64_t bytes() const;
    /// Each blob once: several names may stand for one.
    std::vector<RemoteFile> distinct() const;
};

/// Reads a small file of the repository.
using TextReader = std::function<protocol::Expected<std::string>(const RemoteFile& file)>;

/// Of each part that model_index.json names and the engine has: its config and its safetensors, whole or in
/// pieces by their index; the tokenizer's files; the scheduler's config; and the card and the licence. Never
/// a pickle, a checkpoint of one file, or another framework's weights. Errors: nothing here can be drawn
/// with, and what to do.
protocol::Expected<Selection> select(const Repository& repository, const Wish& wish, const TextReader& read);

}  // namespace easel::hub
