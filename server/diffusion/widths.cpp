// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/widths.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "shared/process/files.h"

namespace easel::diffusion {
namespace {

constexpr int kPasses = 4;             // that a width is judged by
constexpr double kPays = 0.97;         // of the time a picture, at most
constexpr std::size_t kMost = 10'000;  // lines of the file

/// A line of the file: device, group, width and seconds, with tabs between them.
struct Line {
    std::string device;
    std::string group;
    int width = 0;
    double seconds = 0;

    bool read(const std::string& text) {
        std::istringstream parts(text);
        return std::getline(parts, device, '\t') && std::getline(parts, group, '\t') &&
               parts >> width >> seconds && std::ranges::count(Widths::kTried, width) == 1 &&
               std::isfinite(seconds) && seconds > 0;
    }
};

}  // namespace

Widths::Widths(std::filesystem::path file, std::string device)
    : m_file(std::move(file)), m_device(std::move(device)) {
    read();
}

int Widths::widest(const std::string& group, std::size_t inLine) const {
    static const ByWidth kNothing;
    const auto known = m_groups.find(group);
    const ByWidth& passes = known != m_groups.end() ? known->second : kNothing;
    const auto limit = m_limits.find(group);
    int best = 1;
    double least = std::numeric_limits<double>::infinity();
    for (const int width : kTried) {
        if (limit != m_limits.end() && width > limit->second) {
            break;
        }
        const auto found = passes.find(width);
        if (found == passes.end() || found->second.count < kPasses) {
            if (static_cast<std::size_t>(width) <= inLine) {
                return width;
            }
            continue;
        }
        if (const double each = found->second.least / width; each < kPays * least) {
            best = width;
            least = each;
        }
    }
    return std::min(best, static_cast<int>(std::max<std::size_t>(inLine, 1)));
}

void Widths::measured(const std::string& group, int width, double seconds) {
    if (std::ranges::count(kTried, width) == 0 || !(seconds > 0)) {
        return;
    }
    Passes& passes = m_groups[group][width];
    passes.least = passes.count == 0 ? seconds : std::min(passes.least, seconds);
    if (++passes.count == kPasses) {
        write();
    }
}

void Widths::tooWide(const std::string& group, int width) {
    m_limits[group] = std::max(1, width - 1);
}

void Widths::read() {
    std::ifstream lines(m_file);
    std::size_t count = 0;
    for (std::string text; count < kMost && std::getline(lines, text); ++count) {
        if (Line line; line.read(text) && line.device == m_device) {
            m_groups[line.group][line.width] = {kPasses, line.seconds};
        }
    }
}

void Widths::write() {
    if (m_file.empty()) {
        return;
    }
    std::ostringstream all;
    std::ifstream lines(m_file);
    std::size_t count = 0;
    for (std::string text; count < kMost && std::getline(lines, text); ++count) {
        if (Line line; line.read(text) && line.device != m_device) {
            all << text << '\n';
        }
    }
    for (const auto& [group, byWidth] : m_groups) {
        for (const auto& [width, passes] : byWidth) {
            if (passes.count >= kPasses) {
                all << m_device << '\t' << group << '\t' << width << '\t' << passes.least << '\n';
            }
        }
    }
    // Without it, the same is measured again after the next start.
    static_cast<void>(process::writeWhole(m_file, all.str(), {.durably = false}));
}

}  // namespace easel::diffusion
