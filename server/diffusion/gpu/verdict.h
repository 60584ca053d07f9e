// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/diffusion/gpu/kernels.h"

namespace easel::diffusion::gpu {

/// A kernel and the numbers that it takes.
struct Skill {
    Op op;
    c10::ScalarType dtype;

    bool operator==(const Skill&) const = default;
};

/// "group_norm/fp16", and back; nothing for anything else.
std::string toString(const Skill& skill);
std::optional<Skill> skillFrom(std::string_view text);

/// Which kernels what draws in `dtype` can use: the VAE of some models and the sampler take single precision.
std::vector<Skill> skillsFor(c10::ScalarType dtype);

/// What came of an examination.
struct Verdict {
    /// Untried: there was no memory for it, or nothing could be started. That is not remembered.
    enum class State { Right, Differs, Slow, Failed, Untried };

    Skill skill{};
    State state = State::Untried;
    double ratio = 0;  ///< of its time and ATen's form's; 0: not measured

    bool operator==(const Verdict&) const = default;
};

/// One line of text without an end: what lineOf() makes, verdictIn() reads; anything else is nothing.
std::string lineOf(const Verdict& verdict);
std::optional<Verdict> verdictIn(const std::string& line);

/// What verdicts were made under: other hardware, another driver or build is examined anew.
struct Circumstances {
    std::string device;  ///< "NVIDIA L4"
    std::string driver;  ///< "580.95.05"
    std::string build;   ///< of the kernels
};

/// What `file` remembers of that; nothing where it is missing, damaged or tells of others.
std::vector<Verdict> recall(const std::filesystem::path& file, const Circumstances& circumstances);
/// Keeps what the file tells of others. An empty path is none; where it cannot be written, the same is
/// examined again.
void remember(const std::filesystem::path& file, const Circumstances& circumstances,
              std::span<const Verdict> verdicts);

/// Examines `skills` in a process that may die of it: `run` starts one for those that are left, hands over
/// each line that it prints, and returns when it has ended. One prints announcementOf() a skill before it
/// tries that, and lineOf() of what came of it; what it dies of has failed, and another examines the rest.
using Run = std::function<void(std::span<const Skill> skills,
                               const std::function<void(const std::string& line)>& hear)>;
std::vector<Verdict> examineApart(std::span<const Skill> skills, const Run& run);
std::string announcementOf(const Skill& skill);

/// What `file` remembers of `skills`, and of the others what examineApart() says, which is remembered.
std::vector<Verdict> verdictsOn(std::span<const Skill> skills, const std::filesystem::path& file,
                                const Circumstances& circumstances, const Run& run);

/// For people: "GPU kernels of Easel's own: 12 of 13 in use; off: geglu/fp16 (differs)."
std::string inWords(std::span<const Verdict> verdicts);

}  // namespace easel::diffusion::gpu
