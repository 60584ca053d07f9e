// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "server/generator/generator.h"

namespace easel::generator {

/// The picture that a TestPattern makes: coloured waves that depend on the seed and the size alone.
image::Image testPattern(int width, int height, std::int64_t seed);

/// The same, as small as a preview of it is.
image::Image previewPattern(int width, int height, std::int64_t seed);

struct TestPatternOptions {
    std::chrono::milliseconds startTime{0};  ///< until it is ready
    std::chrono::milliseconds stepTime{0};   ///< of each sampler step
};

/// A generator without a model: for trying the server out, and for tests. Draws one request after another
/// on a thread of its own.
class TestPattern final : public Generator {
public:
    explicit TestPattern(TestPatternOptions options = {});
    ~TestPattern() override;

    Status status() const override;
    void onStatusChanged(std::function<void()> changed) override;
    int capacity() const override { return 1; }
    void submit(const std::string& id, const protocol::GenerationSettings& settings,
                Observer observer) override;
    void cancel(const std::string& id) override;
    // It has no model.
    void load(const std::string&) override {}
    void unload(const std::string&) override {}

private:
    struct Task {
        std::string id;
        protocol::GenerationSettings settings;
        Observer observer;
    };

    void run();
    bool draw(const Task& task);
    bool pause(const std::string& id, std::chrono::milliseconds time);

    const TestPatternOptions m_options;
    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_stopping = false;
    bool m_ready = false;
    std::deque<Task> m_tasks;          // the first is being drawn
    std::set<std::string> m_toCancel;  // of m_tasks
    std::mutex m_notifying;            // held while m_changed runs
    std::function<void()> m_changed;
    std::thread m_thread;
};

}  // namespace easel::generator
