// SPDX-License-Identifier: Apache-2.0
#include "server/commands/bench.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "server/commands/bench_client.h"
#include "server/commands/bench_plan.h"
#include "server/commands/bench_server.h"
#include "server/commands/command_line.h"
#include "server/commands/messages.h"
#include "server/commands/signals.h"

namespace easel::commands {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
}

/// Has the plan drawn by some clients at a time.
class Round {
public:
    Round(const ServerAddress& server, const std::vector<protocol::GenerationRequest>& plan,
          const std::atomic<bool>& stop)
        : m_server(server), m_plan(plan), m_stop(stop) {}

    BenchFigures run(int clients) {
        m_startedAt = Clock::now();
        std::vector<std::thread> threads;
        threads.reserve(static_cast<std::size_t>(clients));
        for (int i = 0; i < clients; ++i) {
            threads.emplace_back([this] { drawSome(); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        return m_figures;
    }

private:
    /// One client: the next request when the one before is done.
    void drawSome() {
        const BenchClient client(m_server, m_stop);
        for (std::size_t next = m_next++; next < m_plan.size() && !m_stop; next = m_next++) {
            const auto startedAt = Clock::now();
            std::optional<double> firstStep;
            const auto job = client.draw(m_plan[next], [&] { firstStep = secondsSince(startedAt); });
            note(job, firstStep, secondsSince(startedAt));
        }
    }

    void note(const protocol::Expected<protocol::Job>& job, std::optional<double> firstStep, double seconds) {
        const std::scoped_lock lock(m_mutex);
        if (!job && m_stop) {
            return;
        }
        if (!job || job->state != protocol::JobState::Succeeded) {
            ++m_figures.failures;
            if (m_figures.firstFailure.empty()) {
                m_figures.firstFailure = !job         ? job.error().detail
                                         : job->error ? job->error->detail
                                                      : "The job was cancelled.";
            }
            return;
        }
        m_figures.pictures += static_cast<int>(job->images.size());
        m_figures.untilDone.push_back(seconds);
        if (firstStep) {
            m_figures.untilFirstStep.push_back(*firstStep);
        }
        m_figures.seconds = secondsSince(m_startedAt);
    }

    const ServerAddress& m_server;
    const std::vector<protocol::GenerationRequest>& m_plan;
    const std::atomic<bool>& m_stop;
    std::atomic<std::size_t> m_next = 0;
    Clock::time_point m_startedAt;
    std::mutex m_mutex;
    BenchFigures m_figures;
};

/// Waits until the server can draw; empty when it does not come to that.
protocol::Expected<protocol::ServerInfo> waitUntilReady(const BenchClient& client,
                                                        const std::atomic<bool>& stop) {
    while (true) {
        auto info = client.server();
        if (!info || info->ready) {
            return info;
        }
        if (stop) {
            return tl::unexpected(protocol::unavailable("Interrupted."));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

}  // namespace

int bench(BenchOptions options) {
    std::atomic<bool> stop = false;
    const SignalWatch signals([&stop] { stop = true; });
    std::unique_ptr<BenchServer> own;
    std::optional<ServerAddress> server = serverAddress(options.url);
    if (options.url.empty()) {
        auto started = BenchServer::start(withDefaults(std::move(options.drawing)));
        if (!started) {
            return fail(kFailure, started.error());
        }
        own = std::move(*started);
        server = own->address();
    }
    if (!server) {
        return fail(kWrongArgument,
                    fmt::format("--url: \"{}\" is no address like http://127.0.0.1:5000.", options.url));
    }
    const BenchClient client(*server, stop);
    const auto info = waitUntilReady(client, stop);
    if (!info) {
        return fail(stop ? kInterrupted : kFailure, info.error().detail);
    }
    const auto model = client.model(info->defaultModel);
    if (!model) {
        return fail(kFailure, model.error().detail);
    }
    const auto plan = benchPlan(*info, *model, options.requests, options.seed);
    std::fprintf(stderr, "%s\n",
                 printable(fmt::format("Drawing {} pictures with {} on {} ({}), twice", plan.size(),
                                       model->title, info->deviceName, info->precision))
                     .c_str());
    // The first pictures pay for what is only made once.
    const std::vector<protocol::GenerationRequest> first(plan.begin(), plan.begin() + 1);
    Round(*server, first, stop).run(1);
    const BenchFigures alone = Round(*server, plan, stop).run(1);
    const BenchFigures together = Round(*server, plan, stop).run(options.clients);
    std::cout << (options.json ? inJson(alone, together, options.clients)
                               : inWords(alone, together, options.clients))
              << std::flush;
    if (stop) {
        return fail(kInterrupted, "Interrupted; these are the figures so far.");
    }
    return alone.failures + together.failures > 0 ? kFailure : kSuccess;
}

}  // namespace easel::commands
