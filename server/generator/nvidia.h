// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace easel::generator {

/// What a machine has of NVIDIA, found without any library of NVIDIA's.
struct Nvidia {
    struct Card {
        std::string address;  ///< on the PCI bus, "0000:00:04.0"
        std::string driver;   ///< the kernel driver that holds it: "nvidia", "nouveau"; empty: none
    };

    std::vector<Card> cards;   ///< that can draw, by address; none where the bus cannot be seen
    std::string driver;        ///< version of NVIDIA's driver, "580.95.05"; empty: it does not run
    bool isReachable = false;  ///< the files that programs open to use the driver are there

    bool isThere() const { return !cards.empty() || !driver.empty() || isReachable; }
};

/// Looks below `root`, which is another folder in tests.
Nvidia findNvidia(const std::filesystem::path& root = "/");

/// Why no program can draw on it, and what to do, in whole sentences; empty where a program can try.
std::string whyUnusable(const Nvidia& nvidia);

/// The major number of a driver's version; 0 where it has none.
int majorOf(const std::string& version);

}  // namespace easel::generator
