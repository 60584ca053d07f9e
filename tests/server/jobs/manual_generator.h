// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/generator/generator.h"
#include "server/generator/test_pattern.h"

/// A generator that does what the test says. It draws nothing by itself, so every moment of a job's life
/// can be held still. What is in flight at its end is lost.
class ManualGenerator final : public easel::generator::Generator {
public:
    struct Request {
        std::string id;
        easel::protocol::GenerationSettings settings;
        easel::generator::Observer observer;
    };

    ~ManualGenerator() override {
        for (auto& request : m_requests) {
            request.observer.finished(easel::generator::workerLost("It ended."));
        }
    }

    easel::generator::Status status() const override {
        const std::scoped_lock lock(m_mutex);
        return m_status;
    }
    void onStatusChanged(std::function<void()> changed) override {
        const std::scoped_lock lock(m_mutex);
        m_changed = std::move(changed);
    }
    int capacity() const override { return m_capacity; }

    void submit(const std::string& id, const easel::protocol::GenerationSettings& settings,
                easel::generator::Observer observer) override {
        const std::scoped_lock lock(m_mutex);
        m_requests.push_back({id, settings, std::move(observer)});
        m_arrived.notify_all();
    }
    void cancel(const std::string& id) override {
        const std::scoped_lock lock(m_mutex);
        m_cancelled.insert(id);
    }
    void load(const std::string& model) override { noteLoad('+' + model); }
    void unload(const std::string& model) override { noteLoad('-' + model); }

    // What the test says.

    void setCapacity(int requests) { m_capacity = requests; }

    void setStatus(easel::generator::Status status) {
        std::function<void()> changed;
        {
            const std::scoped_lock lock(m_mutex);
            m_status = std::move(status);
            changed = m_changed;
        }
        changed();
    }

    /// The next request, waited for; empty when none comes.
    std::optional<Request> take() {
        std::unique_lock lock(m_mutex);
        if (!m_arrived.wait_for(lock, std::chrono::seconds(30), [this] { return !m_requests.empty(); })) {
            return {};
        }
        Request request = std::move(m_requests.front());
        m_requests.pop_front();
        return request;
    }
    bool isIdle() const {
        const std::scoped_lock lock(m_mutex);
        return m_requests.empty();
    }
    bool wasCancelled(const std::string& id) const {
        const std::scoped_lock lock(m_mutex);
        return m_cancelled.contains(id);
    }

    /// What was asked for: "+" and a model to load, "-" and one to let go.
    std::vector<std::string> loads() const {
        const std::scoped_lock lock(m_mutex);
        return m_loads;
    }

    static void step(const Request& request, int step) {
        easel::protocol::Progress progress;
        progress.stage = easel::protocol::Stage::Denoising;
        progress.step = step;
        progress.steps = request.settings.steps * request.settings.count;
        request.observer.progress(progress);
    }
    static void show(const Request& request, int step, int index = 0) {
        const auto& settings = request.settings;
        request.observer.preview(
            {index, step, settings.steps,
             easel::generator::previewPattern(settings.width, settings.height, settings.seed + index)});
    }
    static void deliver(const Request& request, int index = 0) {
        const auto& settings = request.settings;
        request.observer.image(
            index, settings.seed + index,
            easel::generator::testPattern(settings.width, settings.height, settings.seed + index));
    }
    static void finish(const Request& request, std::optional<easel::protocol::Problem> problem = {}) {
        request.observer.finished(std::move(problem));
    }

private:
    void noteLoad(std::string what) {
        const std::scoped_lock lock(m_mutex);
        m_loads.push_back(std::move(what));
    }

    mutable std::mutex m_mutex;
    std::condition_variable m_arrived;
    easel::generator::Status m_status{true, false, "", "cpu", "Manual", "fp32"};
    std::function<void()> m_changed;
    std::deque<Request> m_requests;
    std::set<std::string> m_cancelled;
    std::vector<std::string> m_loads;
    std::atomic<int> m_capacity = 1;
};
