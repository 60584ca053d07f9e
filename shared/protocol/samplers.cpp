// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/samplers.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace easel::protocol {

namespace {

constexpr std::string_view kDefaultOnly[] = {"default"};
constexpr std::string_view kWithKarras[] = {"default", "karras"};

constexpr SamplerKind kKinds[] = {
    {"pndm", "PNDM (PLMS)", "PLMS", kDefaultOnly}, {"ddim", "DDIM", "DDIM", kDefaultOnly},
    {"euler", "Euler", "Euler", kWithKarras},      {"euler_a", "Euler ancestral", "Euler a", kDefaultOnly},
    {"heun", "Heun", "Heun", kWithKarras, 2},      {"dpmpp_2m", "DPM++ 2M", "DPM++ 2M", kWithKarras},
};

// "default" is the model's own spacing, which has no name over there, so nothing is written for it.
constexpr std::pair<std::string_view, std::string_view> kSchedules[] = {{"karras", "Karras"}};

}  // namespace

std::span<const SamplerKind> samplerKinds() {
    return kKinds;
}

const SamplerKind* findSamplerKind(std::string_view name) {
    const auto* const found = std::ranges::find(kKinds, name, &SamplerKind::name);
    return found == std::end(kKinds) ? nullptr : found;
}

std::string samplerNames() {
    std::string names;
    for (const SamplerKind& kind : kKinds) {
        names += (names.empty() ? "" : ", ") + std::string(kind.name);
    }
    return names;
}

std::vector<SamplerInfo> describeSamplers() {
    std::vector<SamplerInfo> all;
    for (const SamplerKind& kind : kKinds) {
        all.push_back({std::string(kind.name),
                       std::string(kind.title),
                       {kind.schedules.begin(), kind.schedules.end()}});
    }
    return all;
}

std::string_view infotextOfSampler(std::string_view name) {
    const SamplerKind* const kind = findSamplerKind(name);
    return kind ? kind->infotext : name;
}

InfotextSampler samplerOfInfotext(std::string_view sampler, std::string_view schedule) {
    // Older files carry the schedule in the sampler's name: "DPM++ 2M Karras".
    for (const auto& [name, label] : kSchedules) {
        if (schedule.empty() && sampler.size() > label.size() && sampler.ends_with(label)) {
            sampler.remove_suffix(label.size());
            sampler = sampler.substr(0, sampler.find_last_not_of(' ') + 1);
            schedule = label;
        }
    }
    const auto* const kind = std::ranges::find(kKinds, sampler, &SamplerKind::infotext);
    const auto* const known =
        std::ranges::find(kSchedules, schedule, [](const auto& each) { return each.second; });
    return {kind == std::end(kKinds) ? sampler : kind->name, schedule.empty() || schedule == "Automatic"
                                                                 ? "default"
                                                             : known == std::end(kSchedules) ? schedule
                                                                                             : known->first};
}

std::string_view infotextOfSchedule(std::string_view name) {
    const auto* const known =
        std::ranges::find(kSchedules, name, [](const auto& each) { return each.first; });
    return known == std::end(kSchedules) ? name : known->second;
}

}  // namespace easel::protocol
