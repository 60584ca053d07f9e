// SPDX-License-Identifier: Apache-2.0
#include "server/api/wrong_keys.h"

#include <algorithm>

namespace easel::api {

std::optional<int> WrongKeys::count(const std::string& address, Time now) {
    if (m_counts.size() >= kMostAddresses && !m_counts.contains(address)) {
        std::erase_if(m_counts, [&](const auto& entry) { return now - entry.second.since >= kWindow; });
        if (m_counts.size() >= kMostAddresses) {
            m_counts.erase(
                std::ranges::min_element(m_counts, {}, [](const auto& entry) { return entry.second.since; }));
        }
    }
    Count& count = m_counts.try_emplace(address, Count{now, 0}).first->second;
    if (now - count.since >= kWindow) {
        count = {now, 0};
    }
    if (count.wrong < kMost) {
        ++count.wrong;
        return {};
    }
    const auto left = std::chrono::ceil<std::chrono::seconds>(count.since + kWindow - now);
    return static_cast<int>(left.count());
}

}  // namespace easel::api
