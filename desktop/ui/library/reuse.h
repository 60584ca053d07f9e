// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

#include "desktop/gallery/picture.h"
#include "shared/protocol/addon_info.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

namespace easel::ui {

/// The settings of a picture as a request for the very same picture, as far as this server can draw it.
struct Reuse {
    protocol::GenerationRequest request;  ///< what is not taken over is unset, or as large as it may be
    QStringList left;  ///< what is not taken over, in a person's words: "model dreamshaper_8", "LoRA"
};

/// `picture` has settings. Without a server (`info` is null) only what no server can do is left; an empty
/// list of models or `addons` says that it has not told of any.
Reuse reuse(const gallery::Picture& picture, const protocol::ServerInfo* info,
            const std::vector<protocol::ModelInfo>& models, const std::vector<protocol::AddonInfo>& addons);

}  // namespace easel::ui
