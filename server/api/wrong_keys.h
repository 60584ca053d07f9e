// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace easel::api {

/// How many wrong keys came from where. It slows down who tries, and tells a program with an old key to ask
/// less often; nobody's right key is refused for it, for 256 random bits are not found by trying. Passive,
/// guarded by its owner.
class WrongKeys {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr int kMost = 10;  ///< in a window, from one address
    static constexpr std::chrono::seconds kWindow{60};
    static constexpr std::size_t kMostAddresses = 4096;  ///< the one that began first is forgotten

    /// One more. Nothing while there are few enough; else when the next is looked at, in seconds.
    std::optional<int> count(const std::string& address, Time now);

    std::size_t addresses() const { return m_counts.size(); }

private:
    struct Count {
        Time since;
        int wrong = 0;
    };

    std::map<std::string, Count> m_counts;
};

}  // namespace easel::api
