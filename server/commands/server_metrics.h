// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/generator/generator.h"
#include "server/http/options.h"
#include "server/metrics/families.h"
#include "shared/protocol/device_info.h"
#include "shared/protocol/job.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

/// What `GET /metrics` tells: counted since the start from what is heard, and as it is when somebody asks.
/// From any thread.
class ServerMetrics {
public:
    ServerMetrics();

    void answered(const http::Access& access);
    void heard(const protocol::JobEvent& event);

    /// As it is just now.
    struct Present {
        protocol::ServerInfo server;
        std::vector<protocol::DeviceInfo> devices;
        std::vector<generator::Tally> tallies;  ///< of the devices, in their order
        std::optional<double> backlogSeconds;   ///< until all that waits and runs is drawn; empty: not known
        std::optional<std::int64_t> freeBytes;  ///< of the disk with the data
    };
    std::string text(const Present& present) const;

private:
    using Clock = std::chrono::steady_clock;

    /// A job that goes on, as it was last told.
    struct Live {
        protocol::JobState state = protocol::JobState::Queued;
        protocol::Stage stage = protocol::Stage::Waiting;
        Clock::time_point since;  // the stage's beginning
        int step = 0;
    };

    void changed(const protocol::Job& job);
    void progressed(Live& live, const protocol::Progress& progress);
    void leaveStage(Live& live, protocol::Stage next);

    metrics::Histograms m_requests;
    metrics::Counters m_ended;
    metrics::Counters m_images;
    metrics::Counters m_steps;
    metrics::Histograms m_waits;
    metrics::Histograms m_durations;
    metrics::Histograms m_stages;
    const double m_startedAt;  // seconds since 1970

    std::mutex m_mutex;
    std::map<std::string, Live> m_live;
};

}  // namespace easel::commands
