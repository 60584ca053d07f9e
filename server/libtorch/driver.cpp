// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/driver.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <system_error>

namespace easel::libtorch {

namespace {

/// "580.82.07", and not "x86_64" or a date.
bool isVersion(std::string_view word) {
    constexpr std::size_t kLongest = 32;
    constexpr std::size_t kLeastDigits = 3;
    const std::size_t point = word.find('.');
    return point != std::string_view::npos && point >= kLeastDigits && point + 1 < word.size() &&
           word.size() <= kLongest && word.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string tooOld(const Driver& driver, const std::string& soWhat) {
    constexpr int kOldestForCuda12 = 525;
    const bool isForCuda12 = kCuda > 12 && driver.major() >= kOldestForCuda12;
    return "The NVIDIA driver is " + driver.version + ", and CUDA " + std::to_string(kCuda) + " needs " +
           std::to_string(kOldestDriver) + " or newer: " + soWhat +
           (isForCuda12 ? " Easel's packages whose version ends in +cuda12 draw with this one." : "");
}

}  // namespace

int Driver::major() const {
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    return number;
}

Driver findDriver(const std::filesystem::path& version, const std::filesystem::path& device) {
    Driver driver;
    std::ifstream words(version);
    for (std::string word; driver.version.empty() && words >> word;) {
        driver.version = isVersion(word) ? word : "";
    }
    std::error_code error;
    driver.hasDevice = std::filesystem::exists(device, error);
    return driver;
}

Choice choose(const Driver& driver, std::optional<Kind> wanted) {
    const bool isOld = !driver.version.empty() && driver.major() < kOldestDriver;
    if (wanted) {
        const bool isInVain = *wanted == Kind::Cuda && isOld;
        return {*wanted, isInVain ? tooOld(driver, "the GPU will not draw before the driver is new.") : ""};
    }
    if (isOld) {
        return {Kind::Cpu,
                tooOld(driver, "taking libtorch for the CPU. Run this again when the driver is new.")};
    }
    if (driver.hasDevice) {
        return {Kind::Cuda, driver.version.empty() ? "There is an NVIDIA driver: taking libtorch for the GPU."
                                                   : "The NVIDIA driver is " + driver.version +
                                                         ": taking libtorch for the GPU."};
    }
    return {Kind::Cpu,
            driver.version.empty()
                ? "No NVIDIA driver is running here: taking libtorch for the CPU. With a GPU, run "
                  "this again when its driver is there."
                : "The NVIDIA driver " + driver.version +
                      " is loaded, but programs cannot reach it (/dev/nvidiactl is missing): taking "
                      "libtorch for the CPU. Run this again when nvidia-smi shows the GPU."};
}

}  // namespace easel::libtorch
