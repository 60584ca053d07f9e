// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace easel::commands {

/// The last lines of a log, as many as fit into both bounds; one that alone is too long is not kept. From any
/// thread.
class RecentLines {
public:
    static constexpr std::size_t kMostLines = 1000;
    static constexpr std::size_t kMostBytes = 256UL * 1024;

    /// `line` without its line break.
    void add(std::string line);
    /// The last `count`, or as many as there are, oldest first.
    std::vector<std::string> last(int count) const;

private:
    mutable std::mutex m_mutex;
    std::deque<std::string> m_lines;
    std::size_t m_bytes = 0;
};

}  // namespace easel::commands
