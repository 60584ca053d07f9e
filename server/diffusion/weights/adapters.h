// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/diffusion/weights/adapter.h"
#include "server/models/lora/lora_use.h"
#include "server/models/model_folder.h"

namespace easel::diffusion {

/// What LoRAs change in a model, part by part. The strengths of several add up.
class Adapters {
public:
    /// Nothing.
    Adapters() = default;
    /// Throws Failure when one of them is not for this model.
    Adapters(const models::ModelFolder& model, std::span<const models::LoraUse> uses, Placement placement);

    /// The changes of one part, and what tells them from all others, also from those of a file that has
    /// changed since.
    struct Of {
        std::shared_ptr<const Adapter> adapter;
        std::string identity;
    };
    /// Null when `part` stays as it is.
    const Of* of(std::string_view part) const;

private:
    std::map<std::string, Of, std::less<>> m_parts;
};

/// Tells `uses` from others, also from the same files as they were before they changed.
std::string identityOf(std::span<const models::LoraUse> uses);

}  // namespace easel::diffusion
