// SPDX-License-Identifier: Apache-2.0
#include "server/api/job_rates.h"

#include <algorithm>
#include <cmath>

namespace easel::api {

std::optional<int> JobRates::count(const std::string& key, int perMinute, Time now) {
    constexpr double kMinute = 60;  // seconds
    const double most = perMinute;
    Room& room = m_rooms.try_emplace(key, Room{most, now}).first->second;
    const double passed = std::chrono::duration<double>(now - room.at).count();
    room = {std::min(most, room.jobs + passed * most / kMinute), now};
    if (room.jobs < 1) {
        return static_cast<int>(std::ceil((1 - room.jobs) * kMinute / most));
    }
    room.jobs -= 1;
    return {};
}

void JobRates::forgetUnless(const std::function<bool(const std::string& key)>& stays) {
    std::erase_if(m_rooms, [&](const auto& room) { return !stays(room.first); });
}

}  // namespace easel::api
