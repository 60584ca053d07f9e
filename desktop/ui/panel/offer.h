// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/addon_info.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

/// What there is to draw with, and which fields of a request it reads: the panel shows no others.
namespace easel::ui {

struct Offer {
    protocol::Limits limits;
    std::vector<protocol::SamplerInfo> samplers;
    std::string defaultModel;
    std::vector<protocol::ModelInfo> models;
    std::vector<protocol::AddonInfo> addons;

    bool operator==(const Offer&) const = default;

    /// The one that `request` is drawn with; a usual one while no server has told.
    const protocol::ModelInfo& modelOf(const protocol::GenerationRequest& request) const;
    /// Null where no server has told of it.
    const protocol::SamplerInfo* samplerOf(const protocol::GenerationRequest& request) const;
    /// Those of this kind that can be used with `model`, as far as is known.
    std::vector<protocol::AddonInfo> addonsFor(const protocol::ModelInfo& model,
                                               protocol::AddonKind kind) const;
    /// Models that can make the last steps of a picture of `model`.
    std::vector<protocol::ModelInfo> refinersFor(const protocol::ModelInfo& model) const;
};

/// Whether the model and the sampler of `request` read `field`.
bool canServe(std::string_view field, const Offer& offer, const protocol::GenerationRequest& request);
/// Whether `field` means nothing for want of another: a strength without a start picture.
bool isIdle(std::string_view field, const protocol::GenerationRequest& request);
/// `request` without its idle fields: what is sent.
protocol::GenerationRequest withoutIdle(protocol::GenerationRequest request);
/// Takes out of `request` what cannot be served, and returns the names of those fields.
std::vector<std::string_view> leaveOut(const Offer& offer, protocol::GenerationRequest& request);

}  // namespace easel::ui
