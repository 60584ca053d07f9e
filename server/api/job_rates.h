// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace easel::api {

/// How many jobs each key has handed in of late. Who was quiet for a minute may hand in a minute's worth at
/// once. Passive, guarded by its owner.
class JobRates {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// One more job of the key with this id, which may hand in `perMinute`. Nothing when it may; else when it
    /// may again, in seconds, and the job does not count.
    std::optional<int> count(const std::string& key, int perMinute, Time now);
    /// Forgets the keys that are no more.
    void forgetUnless(const std::function<bool(const std::string& key)>& stays);

private:
    struct Room {
        double jobs = 0;  ///< that may be handed in now
        Time at;
    };

    std::map<std::string, Room> m_rooms;
};

}  // namespace easel::api
