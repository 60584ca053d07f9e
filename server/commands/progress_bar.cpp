// SPDX-License-Identifier: Apache-2.0
#include "server/commands/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include <fmt/core.h>

#include "shared/text/sizes.h"

namespace easel::commands {

namespace {

constexpr int kWidth = 30;

std::string bar(int step, int steps) {
    const int filled = steps > 0 ? std::clamp(kWidth * step / steps, 0, kWidth) : 0;
    std::string text(kWidth, '.');
    text.replace(0, filled, filled, '#');
    return '[' + text + ']';
}

}  // namespace

std::string progressOfBytes(std::int64_t done, std::int64_t all, const std::string& counted,
                            double perSecond) {
    const double share = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 1;
    std::string line = fmt::format("{:3.0f} %  {} of {}, {}", std::floor(100 * share),
                                   text::spelledBytes(done), text::spelledBytes(all), counted);
    if (perSecond >= 1) {
        const double left = static_cast<double>(all - done) / perSecond;
        line += fmt::format(", {}/s", text::spelledBytes(static_cast<std::int64_t>(perSecond)));
        line += left >= 1 ? fmt::format(", {:.0f} s left", std::ceil(left)) : "";
    }
    return line;
}

ProgressBar::ProgressBar() : m_isTerminal(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
    clear();
}

void ProgressBar::say(const std::string& what) {
    const std::scoped_lock lock(m_mutex);
    draw(what);
}

void ProgressBar::show(const protocol::Progress& progress) {
    const std::scoped_lock lock(m_mutex);
    std::string line =
        fmt::format("{} {}/{} steps", bar(progress.step, progress.steps), progress.step, progress.steps);
    const auto left = m_eta.after(progress.step, progress.steps, protocol::Eta::Clock::now());
    if (left && progress.step < progress.steps) {
        line += fmt::format(", {:.0f} s left", std::ceil(*left));
    }
    draw(line);
}

void ProgressBar::clear() {
    const std::scoped_lock lock(m_mutex);
    if (m_isDrawn) {
        draw("");
        m_isDrawn = false;
    }
}

void ProgressBar::draw(const std::string& line) {
    if (m_isTerminal) {
        std::cerr << "\r\x1b[K" << line << std::flush;
        m_isDrawn = true;
    }
}

}  // namespace easel::commands
