// SPDX-License-Identifier: Apache-2.0
#include "server/generator/nvidia.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

namespace easel::generator {

namespace {

using std::filesystem::path;

constexpr std::string_view kVendor = "0x10de";
constexpr std::string_view kDisplayClass = "0x03";  // of all kinds, those without a plug for a screen too
constexpr std::size_t kMostCards = 256;

/// The first word of one of the kernel's small files; empty where there is none.
std::string wordIn(const path& file) {
    std::string word;
    std::ifstream(file) >> word;
    return word;
}

/// "580.95.05" out of "NVRM version: NVIDIA UNIX … Kernel Module  580.95.05  Release Build …".
std::string versionIn(const path& file) {
    constexpr std::string_view kDigits = "0123456789";
    std::ifstream lines(file);
    std::string line;
    std::getline(lines, line);
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        const bool isVersion = word.find_first_not_of("0123456789.") == std::string::npos &&
                               word.find('.') != std::string::npos &&
                               kDigits.find(word.front()) != std::string_view::npos;
        if (isVersion) {
            return word;
        }
    }
    return {};
}

std::vector<Nvidia::Card> cardsIn(const path& bus) {
    std::vector<Nvidia::Card> cards;
    std::error_code error;
    for (std::filesystem::directory_iterator it(bus, error), end;
         !error && it != end && cards.size() < kMostCards; it.increment(error)) {
        const path& device = it->path();
        if (wordIn(device / "vendor") != kVendor || !wordIn(device / "class").starts_with(kDisplayClass)) {
            continue;
        }
        std::error_code none;
        const path driver = std::filesystem::read_symlink(device / "driver", none);
        cards.push_back({device.filename().string(), driver.filename().string()});
    }
    std::ranges::sort(cards, {}, &Nvidia::Card::address);
    return cards;
}

std::string heldByAnother(const Nvidia::Card& card) {
    if (card.driver.starts_with("vfio")) {
        return fmt::format(
            "The NVIDIA device at {} is kept for virtual machines (by the driver {}), so nothing draws on it "
            "here.",
            card.address, card.driver);
    }
    const std::string without = card.driver.empty()
                                    ? "has no driver"
                                    : fmt::format("has the driver {}, which cannot compute", card.driver);
    return fmt::format(
        "The NVIDIA device at {} {}. Install NVIDIA's driver (on Debian \"apt install nvidia-driver\", on "
        "Ubuntu \"ubuntu-drivers install\") and restart the machine.",
        card.address, without);
}

}  // namespace

Nvidia findNvidia(const path& root) {
    std::error_code none;
    return {.cards = cardsIn(root / "sys/bus/pci/devices"),
            .driver = versionIn(root / "proc/driver/nvidia/version"),
            .isReachable = std::filesystem::exists(root / "dev/nvidiactl", none)};
}

std::string whyUnusable(const Nvidia& nvidia) {
    if (!nvidia.isThere()) {
        return "There is no NVIDIA device in this machine.";
    }
    if (nvidia.isReachable) {
        return {};
    }
    if (!nvidia.driver.empty()) {
        return fmt::format(
            "The NVIDIA driver {} runs, but /dev/nvidiactl is missing. In a container, start that with its "
            "GPUs (--gpus all); otherwise run \"nvidia-modprobe -u -c=0\" as root.",
            nvidia.driver);
    }
    return heldByAnother(nvidia.cards.front());
}

int majorOf(const std::string& version) {
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    return major;
}

}  // namespace easel::generator
