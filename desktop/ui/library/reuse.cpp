// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/reuse.h"

#include <QCoreApplication>

#include <algorithm>

#include "desktop/ui/parts/words.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

namespace {

QString translated(const char* text) {
    return QCoreApplication::translate("reuse", text);
}

void leaveModel(Reuse& reuse, const std::vector<protocol::ModelInfo>& models) {
    auto& model = reuse.request.model;
    if (!model || std::ranges::find(models, *model, &protocol::ModelInfo::id) != models.end()) {
        return;
    }
    reuse.left << translated("model %1").arg(QString::fromStdString(*model));
    model.reset();
}

void leaveRefiner(Reuse& reuse, const std::vector<protocol::ModelInfo>& models) {
    auto& refiner = reuse.request.refiner;
    if (refiner && std::ranges::find(models, *refiner, &protocol::ModelInfo::id) == models.end()) {
        reuse.left << translated("refiner %1").arg(QString::fromStdString(*refiner));
        refiner.reset();
    }
}

void leaveAddons(Reuse& reuse, const std::vector<protocol::AddonInfo>& addons) {
    using protocol::AddonKind;
    const auto leave = [&](AddonKind kind, const std::string& name, const char* words) {
        const bool isThere = std::ranges::any_of(
            addons, [&](const auto& addon) { return addon.kind == kind && addon.name == name; });
        if (!isThere) {
            reuse.left << translated(words).arg(QString::fromStdString(name));
        }
        return !isThere;
    };
    std::erase_if(reuse.request.loras,
                  [&](const auto& use) { return leave(AddonKind::Lora, use.name, "LoRA %1"); });
    std::erase_if(reuse.request.controls,
                  [&](const auto& use) { return leave(AddonKind::ControlNet, use.model, "ControlNet %1"); });
    if (reuse.request.vae && leave(AddonKind::Vae, *reuse.request.vae, "VAE %1")) {
        reuse.request.vae.reset();
    }
}

void leaveSampler(Reuse& reuse, const std::vector<protocol::SamplerInfo>& samplers) {
    auto& sampler = reuse.request.sampler;
    auto& schedule = reuse.request.schedule;
    const auto known = std::ranges::find(samplers, sampler.value_or(""), &protocol::SamplerInfo::name);
    if (sampler && known == samplers.end()) {
        reuse.left << translated("sampler %1").arg(samplerTitle(*sampler));
        sampler.reset();
        schedule.reset();
    } else if (schedule && known != samplers.end() &&
               std::ranges::find(known->schedules, *schedule) == known->schedules.end()) {
        reuse.left << translated("schedule %1").arg(scheduleTitle(*schedule));
        schedule.reset();
    }
}

/// The panel takes the nearest that is allowed.
void leaveNumbers(Reuse& reuse, const protocol::Limits& limits) {
    const protocol::GenerationRequest& request = reuse.request;
    const auto side = [&](int pixels) {
        return pixels >= limits.minSide && pixels <= limits.maxSide && pixels % limits.sideMultiple == 0;
    };
    if (!side(*request.width) || !side(*request.height)) {
        reuse.left << translated("size %1 × %2").arg(*request.width).arg(*request.height);
    }
    protocol::forEachNumber([&](const auto& row) {
        const std::string_view name = row.name;
        if (!row.of(request)) {
            return;  // as usual
        }
        const auto value = *row.of(request);
        const protocol::Range range = row.range(limits);
        if (name != "width" && name != "height" &&
            (double(value) < range.least || double(value) > range.most)) {
            reuse.left << translated("%1 %2").arg(fieldTitle(row).toLower()).arg(value);
        }
    });
    if (*request.seed < 0 || *request.seed > limits.maxSeed) {
        reuse.left << translated("seed %1").arg(*request.seed);
    }
}

}  // namespace

Reuse reuse(const gallery::Picture& picture, const protocol::ServerInfo* info,
            const std::vector<protocol::ModelInfo>& models, const std::vector<protocol::AddonInfo>& addons) {
    const protocol::GenerationSettings& settings = *picture.settings;
    Reuse result;
    protocol::GenerationRequest& request = result.request;
    request = protocol::requestFor(settings);
    request.count = 1;

    if (info && !models.empty()) {
        leaveModel(result, models);
        leaveRefiner(result, models);
    }
    if (info && !addons.empty()) {
        leaveAddons(result, addons);
    }
    if (info && !info->samplers.empty()) {
        leaveSampler(result, info->samplers);
    }
    if (info) {
        leaveNumbers(result, info->limits);
    }
    for (const std::string& word : picture.unsupported) {
        result.left << QString::fromStdString(word);
    }
    return result;
}

}  // namespace easel::ui
