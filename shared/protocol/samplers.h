// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/server_info.h"

namespace easel::protocol {

/// A sampler as everybody calls it: the one row from which the wire, the command line, infotexts and people
/// have its names. What it computes stands in a row of the engine's own.
struct SamplerKind {
    std::string_view name;                        ///< on the wire
    std::string_view title;                       ///< for a person
    std::string_view infotext;                    ///< as AUTOMATIC1111 writes it
    std::span<const std::string_view> schedules;  ///< by their wire names, "default" first
    int passes = 1;                               ///< how often the network is asked in a step
    bool takesEta = false;                        ///< how much noise a step draws anew can be said
    std::string_view automatic = "default";       ///< the schedule that AUTOMATIC1111 takes unless told
};

std::span<const SamplerKind> samplerKinds();
/// Null for a name that is none.
const SamplerKind* findSamplerKind(std::string_view name);

/// "pndm, ddim, …", for a person.
std::string samplerNames();
/// What `GET /v1/server` lists.
std::vector<SamplerInfo> describeSamplers();

/// The infotext's name of a sampler and of a schedule; what is not known keeps its own.
std::string_view infotextOfSampler(std::string_view name);
std::string_view infotextOfSchedule(std::string_view name);
/// For a person; what is not known keeps its own name.
std::string_view titleOfSchedule(std::string_view name);

/// How a picture is sampled, in wire names as far as they are known.
struct Sampling {
    std::string sampler;
    std::string schedule;

    bool operator==(const Sampling&) const = default;
};
/// The wire names of what somebody calls `sampler` and `schedule`: AUTOMATIC1111 and its infotexts,
/// k-diffusion or ComfyUI ("DPM++ 2M Karras", "k_euler_a", "dpmpp_2m_sde" and "SGM Uniform"). What is no name
/// keeps its own, and so does a sampler whose name holds another schedule than `schedule`. One that is empty
/// is taken from the sampler's name, or else is "default".
Sampling samplingOf(std::string_view sampler, std::string_view schedule);

}  // namespace easel::protocol
