// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/samplers.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

namespace easel::protocol {

namespace {

constexpr std::string_view kDefaultOnly[] = {"default"};
constexpr std::string_view kOfTimesteps[] = {"default", "trailing"};
constexpr std::string_view kOfLevels[] = {"default",  "karras",      "exponential", "beta",
                                          "trailing", "sgm_uniform", "ays"};

constexpr SamplerKind kKinds[] = {
    {"pndm", "PNDM (PLMS)", "PLMS", kOfTimesteps},
    {"ddim", "DDIM", "DDIM", kOfTimesteps, 1, true},
    {"ddpm", "DDPM", "DDPM", kOfTimesteps},
    {"euler", "Euler", "Euler", kOfLevels},
    {"euler_a", "Euler ancestral", "Euler a", kOfLevels, 1, true},
    {"heun", "Heun", "Heun", kOfLevels, 2},
    {"lms", "LMS", "LMS", kOfLevels},
    {"dpm2", "DPM2", "DPM2", kOfLevels, 2, false, "karras"},
    {"dpm2_a", "DPM2 ancestral", "DPM2 a", kOfLevels, 2, true, "karras"},
    {"dpmpp_2m", "DPM++ 2M", "DPM++ 2M", kOfLevels, 1, false, "karras"},
    {"dpmpp_2m_sde", "DPM++ 2M SDE", "DPM++ 2M SDE", kOfLevels, 1, true, "exponential"},
    {"dpmpp_3m_sde", "DPM++ 3M SDE", "DPM++ 3M SDE", kOfLevels, 1, true, "exponential"},
    {"dpmpp_sde", "DPM++ SDE", "DPM++ SDE", kOfLevels, 2, true, "karras"},
    {"unipc", "UniPC", "UniPC", kOfLevels},
    {"deis", "DEIS", "DEIS", kOfLevels},
    {"lcm", "LCM", "LCM", kDefaultOnly},
    {"tcd", "TCD", "TCD", kDefaultOnly, 1, true},
};

using Names = std::pair<std::string_view, std::string_view>;

struct ScheduleKind {
    std::string_view name;      // on the wire
    std::string_view title;     // for a person
    std::string_view infotext;  // as AUTOMATIC1111 writes it
};

// "default" is the model's own spacing, which has no name over there, so nothing is written for it.
constexpr ScheduleKind kSchedules[] = {
    {"karras", "Karras", "Karras"},
    {"exponential", "Exponential", "Exponential"},
    {"beta", "Beta", "Beta"},
    {"trailing", "Trailing", "Simple"},  // the same where the steps divide the training timesteps
    {"sgm_uniform", "SGM Uniform", "SGM Uniform"},
    {"ays", "Align Your Steps", "Align Your Steps"},
};

const ScheduleKind* findSchedule(std::string_view name) {
    const auto* const found = std::ranges::find(kSchedules, name, &ScheduleKind::name);
    return found == std::end(kSchedules) ? nullptr : found;
}

constexpr std::string_view kAutomatic = "automatic";
/// Nobody calls a sampler by more letters; looking for two names in one takes their square.
constexpr std::size_t kLongestName = 64;

// What others call them beside their wire names and their infotexts', as folded() has it.
constexpr Names kSamplerAliases[] = {
    {"eulerancestral", "euler_a"},
    {"lmsdiscrete", "lms"},
    {"kdpm2", "dpm2"},
    {"dpm2ancestral", "dpm2_a"},
    {"kdpm2a", "dpm2_a"},
    {"kdpm2ancestral", "dpm2_a"},
    {"unipcbh2", "unipc"},
    {"dpmsolvermultistep", "dpmpp_2m"},
};
constexpr Names kScheduleAliases[] = {
    {"normal", "default"},
    {"uniform", "default"},
    {"default", "default"},
};

/// Letters and digits alone, small, for everybody writes these names otherwise: "DPM++ 2M" → "dpmpp2m".
std::string folded(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') {
            text += static_cast<char>(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            text += c;
        } else if (c == '+') {
            text += 'p';
        }
    }
    return text;
}

const SamplerKind* kindCalled(std::string_view name) {
    const auto* const kind = std::ranges::find_if(kKinds, [name](const SamplerKind& each) {
        return folded(each.name) == name || folded(each.infotext) == name;
    });
    if (kind != std::end(kKinds)) {
        return kind;
    }
    const auto* const alias = std::ranges::find(kSamplerAliases, name, &Names::first);
    if (alias != std::end(kSamplerAliases)) {
        return findSamplerKind(alias->second);
    }
    return name.starts_with('k') ? kindCalled(name.substr(1)) : nullptr;  // k-diffusion's, in other programs
}

/// The wire name of a schedule that is called `name`, folded; of `kind` if it is left to that.
std::optional<std::string_view> scheduleCalled(std::string_view name, const SamplerKind* kind) {
    if (name == kAutomatic) {
        return kind ? kind->automatic : "default";
    }
    const auto* const known = std::ranges::find_if(kSchedules, [name](const ScheduleKind& each) {
        return folded(each.name) == name || folded(each.title) == name || folded(each.infotext) == name;
    });
    if (known != std::end(kSchedules)) {
        return known->name;
    }
    const auto* const alias = std::ranges::find(kScheduleAliases, name, &Names::first);
    return alias == std::end(kScheduleAliases) ? std::nullopt : std::optional(alias->second);
}

/// A sampler's name that ends in a schedule's, cut in two.
std::optional<std::pair<const SamplerKind*, std::string_view>> bothIn(std::string_view name) {
    for (std::size_t at = 1; at < name.size(); ++at) {
        const SamplerKind* const kind = kindCalled(name.substr(0, at));
        const auto schedule = kind ? scheduleCalled(name.substr(at), kind) : std::nullopt;
        if (schedule) {
            return std::pair(kind, *schedule);
        }
    }
    return std::nullopt;
}

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
                       {kind.schedules.begin(), kind.schedules.end()},
                       kind.takesEta});
    }
    return all;
}

std::string_view infotextOfSampler(std::string_view name) {
    const SamplerKind* const kind = findSamplerKind(name);
    return kind ? kind->infotext : name;
}

std::string_view infotextOfSchedule(std::string_view name) {
    const ScheduleKind* const kind = findSchedule(name);
    return kind ? kind->infotext : name;
}

std::string_view titleOfSchedule(std::string_view name) {
    const ScheduleKind* const kind = findSchedule(name);
    return kind ? kind->title : name == "default" ? "Default" : name;
}

Sampling samplingOf(std::string_view sampler, std::string_view schedule) {
    Sampling sampling{std::string(sampler), std::string(schedule.empty() ? "default" : schedule)};
    if (sampler.size() > kLongestName || schedule.size() > kLongestName) {
        return sampling;
    }
    const SamplerKind* kind = kindCalled(folded(sampler));
    if (!kind) {
        if (const auto both = bothIn(folded(sampler))) {
            kind = both->first;
            const auto given = scheduleCalled(folded(schedule), kind);
            const bool contradicts = !schedule.empty() && given != both->second;
            return contradicts ? sampling : Sampling{std::string(kind->name), std::string(both->second)};
        }
        return sampling;
    }
    sampling.sampler = kind->name;
    if (const auto known = scheduleCalled(folded(sampling.schedule), kind)) {
        sampling.schedule = *known;
    }
    return sampling;
}

}  // namespace easel::protocol
