// SPDX-License-Identifier: Apache-2.0
#include "server/doctor/machine.h"

#include <sys/timex.h>

#include <charconv>
#include <chrono>

#include <fmt/core.h>

namespace easel::doctor {

namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

/// The first driver that runs a generation of CUDA, as NVIDIA's release notes have it; 0 where we do not
/// know.
int leastDriverFor(int cuda) {
    switch (cuda) {
        case 12:
            return 525;
        case 13:
            return 580;
        default:
            return 0;
    }
}

/// What is off costs speed alone, but is worth a report.
Finding judgeKernels(const generator::ListedDevice& device) {
    Finding finding{fmt::format("Kernels on {}", device.device), State::Right, device.kernels};
    if (device.kernels.find("; off: ") != std::string::npos) {
        finding.state = State::Warning;
        finding.cure =
            "libtorch's are used instead, so pictures are right and may take longer. Report it with the "
            "output of \"easel-server doctor --json\".";
    }
    return finding;
}

}  // namespace

std::string spelledMemory(std::int64_t bytes) {
    const double mib = static_cast<double>(bytes) / (1024 * 1024);
    return mib < 1024 ? fmt::format("{:.0f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

Finding judgeDriver(const generator::Nvidia& nvidia) {
    Finding finding{"NVIDIA driver", State::Right, {}};
    if (!nvidia.isThere()) {
        finding.state = State::Skipped;
        finding.found = "There is no NVIDIA device in this machine; it draws on the CPU.";
    } else if (std::string why = whyUnusable(nvidia); !why.empty()) {
        finding.state = State::Wrong;
        finding.found = "Programs cannot use the NVIDIA device.";
        finding.cure = std::move(why);
    } else {
        finding.found = nvidia.driver.empty() ? "It runs; its version cannot be seen from here."
                                              : fmt::format("{} runs.", nvidia.driver);
    }
    return finding;
}

Finding judgeLibtorch(const generator::Inventory& inventory, const generator::Nvidia& nvidia) {
    Finding finding{"libtorch", State::Right,
                    inventory.libtorch.empty() ? "It is there; it does not tell its version."
                                               : fmt::format("{}.", inventory.libtorch)};
    if (nvidia.isThere() && whyUnusable(nvidia).empty() && inventory.cuda.empty()) {
        finding.state = State::Wrong;
        finding.found += " It is one for the CPU alone, though there is an NVIDIA device.";
        finding.cure = "Run \"easel-server setup cuda\".";
    }
    return finding;
}

Finding judgeCuda(const generator::Inventory& inventory, const generator::Nvidia& nvidia) {
    Finding finding{"CUDA", State::Skipped, "There is no NVIDIA device to use it on."};
    if (!nvidia.isThere()) {
        return finding;
    }
    if (!whyUnusable(nvidia).empty() || inventory.cuda.empty()) {
        finding.found = "It cannot be looked at before what is above is mended.";
        return finding;
    }
    const int least = leastDriverFor(generator::majorOf(inventory.cuda));
    if (const int driver = generator::majorOf(nvidia.driver); driver > 0 && driver < least) {
        return {"CUDA", State::Wrong,
                fmt::format("libtorch brings CUDA {}, which needs the driver {} or newer; this is {}.",
                            inventory.cuda, least, nvidia.driver),
                fmt::format("Install NVIDIA's driver {} or newer, and restart the machine.", least)};
    }
    if (!inventory.problem.empty()) {
        return {"CUDA", State::Wrong, "No NVIDIA device can be used.", inventory.problem};
    }
    finding.state = State::Right;
    finding.found = fmt::format("libtorch brings {}.", inventory.cuda);
    if (!inventory.driverCuda.empty()) {
        finding.found += fmt::format(" The driver runs up to {}.", inventory.driverCuda);
    }
    return finding;
}

std::vector<Finding> judgeDevices(const generator::Inventory& inventory, std::int64_t needed) {
    std::vector<Finding> findings;
    for (const generator::ListedDevice& device : inventory.devices) {
        if (!device.problem.empty()) {
            findings.push_back({device.device, State::Wrong, "It cannot be used.", device.problem});
        } else if (device.memory > 0) {
            Finding finding{fmt::format("Memory of {}", device.device), State::Right,
                            fmt::format("{}: {} of {} are free.", device.name,
                                        spelledMemory(device.memoryFree), spelledMemory(device.memory))};
            if (device.memoryFree < needed) {
                finding.state = State::Warning;
                finding.cure = fmt::format(
                    "The model takes about {}: end the programs that \"nvidia-smi\" shows, or take "
                    "a smaller model.",
                    spelledMemory(needed));
            }
            findings.push_back(std::move(finding));
        }
        if (!device.kernels.empty()) {
            findings.push_back(judgeKernels(device));
        }
    }
    return findings;
}

Finding judgeMemory(const process::Memory& memory, std::int64_t needed) {
    if (memory.total == 0) {
        return {"Memory", State::Skipped, "The system does not say how much there is."};
    }
    Finding finding{
        "Memory", State::Right,
        fmt::format("{} of {} are free.", spelledMemory(memory.available), spelledMemory(memory.total))};
    const std::int64_t least = needed + kGiB;  // for the programs themselves, and the libraries' workspaces
    if (memory.available < least) {
        finding.state = State::Warning;
        finding.cure = fmt::format("Loading the model on the CPU takes about {}: end other programs.",
                                   spelledMemory(least));
    }
    return finding;
}

Finding judgeDescriptors(std::size_t limit) {
    constexpr std::size_t kEnough = 1024;
    Finding finding{"Open files", State::Right, fmt::format("A process may have {} open.", limit)};
    if (limit < kEnough) {
        finding.state = State::Warning;
        finding.cure = fmt::format(
            "Each client takes two: raise the hard limit to {} or more (\"ulimit -Hn\", or LimitNOFILE= of "
            "the service).",
            kEnough);
    }
    return finding;
}

Clock readClock() {
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    Clock clock{static_cast<int>(std::chrono::year_month_day(today).year()), std::nullopt};
    timex state{};
    if (::adjtimex(&state) >= 0) {
        clock.isSynchronised = (state.status & STA_UNSYNC) == 0;
    }
    return clock;
}

Finding judgeClock(const Clock& clock, int built) {
    const char* const cure = "Switch its setting by the network on: \"timedatectl set-ntp true\".";
    if (clock.year < built) {
        return {"Clock", State::Wrong,
                fmt::format("It says {}, but this program is from {}: certificates and pairing will fail.",
                            clock.year, built),
                cure};
    }
    if (clock.isSynchronised == std::optional(false)) {
        return {"Clock", State::Warning, fmt::format("It says {}; nothing keeps it right.", clock.year),
                cure};
    }
    return {
        "Clock", State::Right,
        clock.isSynchronised ? "It is kept right by the network." : fmt::format("It says {}.", clock.year)};
}

}  // namespace easel::doctor
