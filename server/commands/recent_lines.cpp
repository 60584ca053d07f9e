// SPDX-License-Identifier: Apache-2.0
#include "server/commands/recent_lines.h"

#include <algorithm>
#include <utility>

namespace easel::commands {

void RecentLines::add(std::string line) {
    const std::scoped_lock lock(m_mutex);
    m_bytes += line.size();
    m_lines.push_back(std::move(line));
    while (m_lines.size() > kMostLines || m_bytes > kMostBytes) {
        m_bytes -= m_lines.front().size();
        m_lines.pop_front();
    }
}

std::vector<std::string> RecentLines::last(int count) const {
    const std::scoped_lock lock(m_mutex);
    const auto wanted = std::clamp<std::ptrdiff_t>(count, 0, std::ssize(m_lines));
    return {m_lines.end() - wanted, m_lines.end()};
}

}  // namespace easel::commands
