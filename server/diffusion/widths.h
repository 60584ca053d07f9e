// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

namespace easel::diffusion {

/// How many drawings are best taken a step further together, by what they share: measured at first use on
/// the steps of real pictures, and remembered in a file. For one thread.
class Widths {
public:
    /// What is tried.
    static constexpr std::array<int, 4> kTried{1, 2, 4, 8};

    /// `device` tells the machine's devices apart. With an empty `file` nothing is remembered; one that
    /// cannot be read or written is done without.
    Widths(std::filesystem::path file, std::string device);

    /// How many of `inLine` drawings of `group` to take together now: the width at which a picture takes
    /// least, or one that is still to be measured. A wider one must pay to be taken.
    int widest(const std::string& group, std::size_t inLine) const;
    /// A forward pass of `width` drawings of `group`, all of the same kind, took so long.
    void measured(const std::string& group, int width, double seconds);
    /// There is no memory for `width` drawings of `group`.
    void tooWide(const std::string& group, int width);

private:
    /// Of one width. The least of some passes counts: what else runs on a machine only ever adds to it.
    struct Passes {
        int count = 0;
        double least = 0;
    };
    using ByWidth = std::map<int, Passes>;

    void read();
    void write();

    std::filesystem::path m_file;
    std::string m_device;
    std::map<std::string, ByWidth> m_groups;  // of this device
    std::map<std::string, int> m_limits;      // of this process
};

}  // namespace easel::diffusion
