// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/addon_info.h"
#include "shared/protocol/operations.h"
#include "shared/protocol/server_info.h"

/// Models of each kind, as a server tells of them.
namespace easel::tests {

inline protocol::ModelInfo modelThat(const std::string& id, const std::string& family,
                                     const std::vector<std::string_view>& operations) {
    protocol::ModelInfo model;
    model.id = id;
    model.title = id;
    model.family = family;
    model.sampler = "euler";
    model.operations.assign(operations.begin(), operations.end());
    for (const auto each : {protocol::kGuidanceInterval, protocol::kDeepCache, protocol::kTokenMerging}) {
        model.accelerations.emplace_back(each);
    }
    return model;
}

inline protocol::ModelInfo plainModel() {
    return modelThat("plain", "stable-diffusion",
                     {protocol::kTextToImage, protocol::kImageToImage, protocol::kInpaint});
}
inline protocol::ModelInfo editModel() {
    return modelThat("editor", "stable-diffusion", {protocol::kEdit});
}
/// One that brings a tiny decoder, and was taught the guidance.
inline protocol::ModelInfo quickModel() {
    auto model = modelThat("quick", "stable-diffusion", {protocol::kTextToImage});
    model.accelerations = {std::string(protocol::kDeepCache), std::string(protocol::kTinyDecoder)};
    return model;
}
inline protocol::ModelInfo xlModel(const std::string& id = "xl") {
    return modelThat(
        id, "stable-diffusion-xl",
        {protocol::kTextToImage, protocol::kImageToImage, protocol::kInpaint, protocol::kRefine});
}
inline protocol::ModelInfo refinerModel() {
    return modelThat("refiner", "stable-diffusion-xl-refiner",
                     {protocol::kImageToImage, protocol::kInpaint, protocol::kRefine});
}
inline std::vector<protocol::ModelInfo> families() {
    return {plainModel(), editModel(), xlModel(), refinerModel()};
}

inline protocol::AddonInfo addon(protocol::AddonKind kind, const std::string& name,
                                 const std::string& family = {}) {
    protocol::AddonInfo info;
    info.kind = kind;
    info.name = name;
    info.family = family;
    return info;
}

}  // namespace easel::tests
