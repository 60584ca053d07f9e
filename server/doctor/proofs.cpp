// SPDX-License-Identifier: Apache-2.0
#include "server/doctor/proofs.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace easel::doctor {

namespace {

constexpr const char* kReferenceDevice = "cpu";
constexpr const char* kReferencePrecision = "fp32";

bool isReference(const Trial& trial) {
    return trial.device == kReferenceDevice && trial.precision == kReferencePrecision;
}

std::string times(const generator::Proof& proof) {
    return fmt::format("{:.3g} ms a step, {:.2g} s a picture", medianStepMs(proof), proof.pictureSeconds);
}

/// Libraries take so much for themselves, whatever is drawn.
constexpr std::int64_t kWorkspaces = std::int64_t{256} << 20;

std::string mebibytes(std::int64_t bytes) {
    return fmt::format("{} MiB", bytes >> 20);
}

/// Of a GPU; what the CPU's process takes is no matter of pictures alone.
void judgeMemory(const Trial& trial, const generator::Proof& proof, Finding& finding) {
    if (trial.device == kReferenceDevice || trial.memory == 0) {
        return;
    }
    finding.found += fmt::format(" It took {} of memory; {} were calculated.", mebibytes(proof.memory),
                                 mebibytes(trial.memory));
    if (proof.memory > trial.memory + kWorkspaces && finding.state == State::Right) {
        finding.state = State::Warning;
        finding.cure =
            "Pictures may be begun that do not fit into the memory: give Easel less of it (--memory), and "
            "report "
            "it with the output of \"easel-server doctor --json\".";
    }
}

/// What differs too much, or cannot be compared; empty: nothing.
std::string objection(const std::vector<Likeness>& likenesses) {
    const auto first = std::ranges::find_if(likenesses, [](const Likeness& each) { return !each.isRight(); });
    if (first == likenesses.end()) {
        return {};
    }
    return first->problem.empty()
               ? fmt::format("The first stage that differs is \"{}\", which needs {:.0f} dB.", first->stage,
                             first->least)
               : fmt::format("The stage \"{}\" cannot be compared: {}.", first->stage, first->problem);
}

}  // namespace

double medianStepMs(const generator::Proof& proof) {
    std::vector<double> seconds = proof.stepSeconds;
    if (seconds.empty()) {
        return 0;
    }
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::ranges::nth_element(seconds, middle);
    return *middle * 1000;
}

generator::Inventory cpuAlone() {
    generator::Inventory inventory;
    inventory.devices.push_back({kReferenceDevice, "", {kReferencePrecision}, 0, 0, ""});
    return inventory;
}

std::vector<Trial> trialsFor(const generator::Inventory& inventory, const std::vector<std::string>& wanted) {
    std::vector<Trial> trials;
    for (const generator::ListedDevice& device : inventory.devices) {
        const bool isWanted = wanted.empty() || std::ranges::count(wanted, device.device) > 0;
        for (const std::string& precision : device.precisions) {
            Trial trial{device.device, device.name, precision};
            if (isReference(trial)) {
                trials.insert(trials.begin(), std::move(trial));
            } else if (isWanted && device.problem.empty()) {
                trials.push_back(std::move(trial));
            }
        }
    }
    return trials;
}

TrialResult judgeTrial(const Trial& trial, const tl::expected<Drawn, Trouble>& drawn,
                       const Drawn* reference) {
    const std::string name = fmt::format("Drawing on {} in {}", trial.device, trial.precision);
    if (!drawn) {
        return {trial, {name, State::Wrong, drawn.error().found, drawn.error().cure}, {}, std::nullopt};
    }
    TrialResult result{trial, {name, State::Right, {}, {}}, {}, drawn->proof};
    if (isReference(trial)) {
        result.finding.found =
            fmt::format("{}; the others are compared with this picture.", times(drawn->proof));
        return result;
    }
    if (reference == nullptr) {
        result.finding.state = State::Warning;
        result.finding.found = fmt::format("{}; without the CPU's picture there is nothing to compare with.",
                                           times(drawn->proof));
        return result;
    }
    result.likenesses = compareAll(reference->stages, drawn->stages, trial.precision);
    result.finding.found = fmt::format("{}; {}.", times(drawn->proof), inWords(result.likenesses));
    judgeMemory(trial, drawn->proof, result.finding);
    if (const std::string why = objection(result.likenesses); !why.empty()) {
        result.finding.state = State::Wrong;
        result.finding.cure = fmt::format(
            "{} Draw in another precision (--precision) or on another device, update driver and libtorch, "
            "and "
            "report it with the output of \"easel-server doctor --json\".",
            why);
    }
    return result;
}

std::vector<TrialResult> makeTrials(const Examiner& examiner, const std::vector<Trial>& trials,
                                    const std::filesystem::path& folder,
                                    const protocol::GenerationSettings& settings,
                                    const std::function<void(const Trial&)>& begins) {
    std::vector<TrialResult> results;
    std::optional<Drawn> reference;
    for (const Trial& trial : trials) {
        begins(trial);
        auto drawn = examiner.draw(trial.device, trial.precision, folder, settings);
        results.push_back(judgeTrial(trial, drawn, reference ? &*reference : nullptr));
        if (drawn && isReference(trial)) {
            reference = std::move(*drawn);
        }
    }
    return results;
}

}  // namespace easel::doctor
