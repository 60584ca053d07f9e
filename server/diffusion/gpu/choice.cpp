// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/gpu/choice.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "server/diffusion/gpu/examination.h"
#include "server/generator/child_process.h"
#include "server/kernels/cuda/library.h"
#include "shared/process/spawn.h"

namespace easel::diffusion::gpu {
namespace {

using namespace std::chrono_literals;

/// CUDA's start on a slow disk included; what takes longer hangs.
constexpr std::chrono::milliseconds kLimit = 120s;

std::filesystem::path ownProgram() {
    std::error_code none;
    return std::filesystem::read_symlink("/proc/self/exe", none);
}

kernels::cuda::Library ownLibrary() {
    return kernels::cuda::openLibrary(ownProgram().parent_path() / "libeasel_cuda.so");
}

void print(const std::string& line) {
    std::fputs((line + '\n').c_str(), stdout);
    std::fflush(stdout);  // before what may end this process
}

}  // namespace

void runApart(const std::vector<std::string>& program, std::chrono::milliseconds limit,
              const std::function<void(const std::string& line)>& hear) {
    auto child = generator::ChildProcess::start(program, generator::childEnvironment(), hear);
    if (child) {
        child->end(limit, 0ms);
    }
}

std::string useKernels(const Device& device, const std::filesystem::path& file,
                       const generator::Nvidia& nvidia) {
    const c10::Device place = device.placement.device;
    if (!place.is_cuda()) {
        return {};
    }
    const kernels::cuda::Library library = ownLibrary();
    if (library.functions == nullptr) {
        return "GPU kernels of Easel's own: none (" + library.problem + ").";
    }
    const Run run = [&](std::span<const Skill> skills, const std::function<void(const std::string&)>& hear) {
        std::vector<std::string> line{ownProgram().string(),
                                      "--socket-fd",
                                      std::to_string(process::Program::kSocket),
                                      "--device",
                                      device.name,
                                      "--precision",
                                      device.precision,
                                      "--examine-kernels"};
        for (const Skill& skill : skills) {
            line.push_back(toString(skill));
        }
        runApart(line, kLimit, hear);
    };
    const auto verdicts = verdictsOn(skillsFor(device.placement.dtype), file,
                                     {device.hardware, nvidia.driver, library.functions->build}, run);
    std::vector<std::pair<Op, c10::ScalarType>> right;
    for (const Verdict& verdict : verdicts) {
        if (verdict.state == Verdict::State::Right) {
            right.emplace_back(verdict.skill.op, verdict.skill.dtype);
        }
    }
    trust(library.functions, right);
    return inWords(verdicts);
}

void examineHere(const Device& device, std::span<const std::string> skills) {
    const kernels::cuda::Library library = ownLibrary();
    if (library.functions == nullptr) {
        return;
    }
    std::vector<Skill> wanted;
    for (const std::string& name : skills) {
        if (const auto skill = skillFrom(name)) {
            wanted.push_back(*skill);
        }
    }
    examine(
        Kernels(*library.functions), device.placement.device, wanted, kSlowest,
        [](const Skill& skill) { print(announcementOf(skill)); },
        [](const Verdict& verdict) { print(lineOf(verdict)); });
}

}  // namespace easel::diffusion::gpu
