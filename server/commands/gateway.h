// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/api/api.h"
#include "server/api/door.h"
#include "server/commands/data_folder.h"
#include "server/commands/generator_log.h"
#include "server/commands/generator_news.h"
#include "server/commands/job_log.h"
#include "server/commands/model_shelf.h"
#include "server/commands/model_store.h"
#include "server/commands/serve_options.h"
#include "server/commands/server_metrics.h"
#include "server/commands/token_counter.h"
#include "server/generator/device_pool.h"
#include "server/http/listener.h"
#include "server/jobs/job_queue.h"
#include "server/keys/key_store.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

class Log;

/// The parts of a running server, in the order in which they need each other.
class Gateway {
public:
    /// `log` outlives it. `onUse` is called, from the I/O threads, when somebody asks for more than to look.
    Gateway(DataFolder data, const Log& log, std::unique_ptr<keys::KeyStore> keys,
            const ServeOptions& options, std::shared_ptr<ModelShelf> models,
            std::unique_ptr<generator::DevicePool> devices, std::function<void()> onUse);

    /// Opens the queue and the port.
    protocol::Expected<void> start(const ServeOptions& options);
    std::uint16_t port() const { return m_listener->port(); }
    /// Whether it answers, and its queue can be asked; false after some seconds without.
    bool isAlive();
    /// Whether jobs are drawn or wait for their turn, or models are on their way.
    bool isBusy() const;
    protocol::ServerInfo info() const;
    /// Clients may still watch what goes on while the running job finishes.
    void stop(std::chrono::seconds grace);

private:
    jobs::DiskOptions disk(const ServeOptions& options) const;
    protocol::Expected<void> openQueue(const ServeOptions& options);
    protocol::Expected<void> listen(const ServeOptions& options);
    std::optional<protocol::Hold> obstacleTo(const protocol::GenerationSettings& settings) const;
    api::Service service();
    api::Hub hub();
    api::Pulls pulls();
    protocol::Expected<protocol::PullInfo> verifyModel(const std::string& id);
    void removeModel(const std::string& id, const api::Models::Removed& done);
    std::string metrics() const;
    void answered(const http::Access& access);

    const DataFolder m_data;
    const Log& m_wholeLog;  // for admins
    const std::shared_ptr<ModelShelf> m_models;
    TokenCounter m_tokens;
    const protocol::Limits m_limits;
    const std::vector<protocol::SamplerInfo> m_samplers;
    std::atomic<bool> m_isStopping = false;
    std::unique_ptr<generator::DevicePool> m_unused;  // until the queue has it
    generator::DevicePool& m_devices;                 // the queue's
    GeneratorLog m_log;
    GeneratorNews m_news;
    std::shared_ptr<void> m_logged;  // the log follows the news
    bool m_canPull = false;          // clients may bring and take models
    const std::function<void()> m_onUse;
    ServerMetrics m_metrics;
    JobLog m_jobLog;
    api::Door m_door;
    std::unique_ptr<jobs::JobQueue> m_queue;     // what it takes in for clients passes the door
    jobs::Subscription m_heard;                  // metrics and log follow the jobs
    std::unique_ptr<ModelStore> m_store;         // null: they may not
    std::unique_ptr<http::Listener> m_listener;  // goes first: its handlers use the rest
};

}  // namespace easel::commands
