// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace easel::jobs {

/// How quickly the device works, from what it did of late. Passive, guarded by its owner.
class Pace {
public:
    /// It did `work` megapixel-steps in `seconds`.
    void add(double work, double seconds);
    /// Seconds for a megapixel-step; empty while that is not known.
    std::optional<double> seconds() const;

private:
    double m_work = 0;
    double m_seconds = 0;
};

/// What the device does in an hour, in megapixel-steps, as a limit that clients may rely on: a round number
/// that changes only when the pace has changed by a quarter.
class HourOfWork {
public:
    void update(const Pace& pace);
    std::optional<double> work() const { return m_work; }

private:
    std::optional<double> m_work;
};

}  // namespace easel::jobs
