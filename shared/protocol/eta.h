// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

namespace easel::protocol {

/// How long a picture still takes, by the steps so far. The first step also warms the device up, so time is
/// taken from its end. A value, guarded by its owner.
class Eta {
public:
    using Clock = std::chrono::steady_clock;

    /// Seconds that are left when `step` of `steps` are done; nothing until a step could be measured.
    std::optional<double> after(int step, int steps, Clock::time_point now) {
        if (m_first == 0) {
            m_first = step;
            m_firstAt = now;
        }
        if (step <= m_first) {
            return {};
        }
        return std::chrono::duration<double>(now - m_firstAt).count() / (step - m_first) * (steps - step);
    }

private:
    int m_first = 0;  // the step that was done at m_firstAt; 0: none yet
    Clock::time_point m_firstAt{};
};

}  // namespace easel::protocol
