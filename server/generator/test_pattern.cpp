// SPDX-License-Identifier: Apache-2.0
#include "server/generator/test_pattern.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

#include "shared/protocol/passes.h"

namespace easel::generator {

namespace {

// A preview has a pixel for each latent, as a model's has that knows no better.
constexpr int kPixelsOfALatent = 8;

}  // namespace

image::Image testPattern(int width, int height, std::int64_t seed) {
    struct Wave {
        double x;
        double y;
        double phase;
    };
    std::mt19937_64 engine(static_cast<std::uint64_t>(seed));
    // The standard leaves the distributions' arithmetic open; this is the same everywhere.
    const auto unit = [&engine] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
    std::array<Wave, 3> waves{};
    for (Wave& wave : waves) {
        const double angle = 2 * std::numbers::pi * unit();
        const double turns = 1 + 3 * unit();
        wave = {2 * std::numbers::pi * turns * std::cos(angle),
                2 * std::numbers::pi * turns * std::sin(angle), 2 * std::numbers::pi * unit()};
    }
    image::Image picture{width, height, {}};
    picture.rgb.reserve(static_cast<std::size_t>(width) * height * 3);
    const double scale = 1.0 / std::max(width, height);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (const Wave& wave : waves) {
                const double level = std::sin(wave.x * x * scale + wave.y * y * scale + wave.phase);
                picture.rgb.push_back(static_cast<std::uint8_t>(std::lround(127.5 + 100 * level)));
            }
        }
    }
    return picture;
}

image::Image previewPattern(int width, int height, std::int64_t seed) {
    return testPattern(std::max(width / kPixelsOfALatent, 1), std::max(height / kPixelsOfALatent, 1), seed);
}

TestPattern::TestPattern(TestPatternOptions options) : m_options(options), m_thread([this] { run(); }) {}

TestPattern::~TestPattern() {
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    m_thread.join();
    for (const Task& task : m_tasks) {
        task.observer.finished(workerLost("The test pattern ended."));
    }
}

Status TestPattern::status() const {
    const std::scoped_lock lock(m_mutex);
    return {.ready = m_ready,
            .message = m_ready ? "Ready" : "Getting ready.",
            .device = "cpu",
            .deviceName = "Test pattern",
            .precision = "fp32"};
}

void TestPattern::onStatusChanged(std::function<void()> changed) {
    const std::scoped_lock lock(m_notifying);
    m_changed = std::move(changed);
}

void TestPattern::submit(const std::string& id, const protocol::GenerationSettings& settings,
                         Observer observer) {
    {
        const std::scoped_lock lock(m_mutex);
        if (m_ready) {
            m_tasks.push_back({id, settings, std::move(observer)});
            m_wake.notify_all();
            return;
        }
    }
    observer.finished(protocol::unavailable("Getting ready."));
}

void TestPattern::cancel(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    if (std::any_of(m_tasks.begin(), m_tasks.end(), [&](const Task& task) { return task.id == id; })) {
        m_toCancel.insert(id);
        m_wake.notify_all();
    }
}

void TestPattern::run() {
    if (pause({}, m_options.startTime)) {
        {
            const std::scoped_lock lock(m_mutex);
            m_ready = true;
        }
        const std::scoped_lock lock(m_notifying);
        if (m_changed) {
            m_changed();
        }
    }
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait(lock, [this] { return m_stopping || !m_tasks.empty(); });
        if (m_stopping) {
            return;
        }
        const Task& task = m_tasks.front();  // Only this thread takes away, and a deque keeps its address.
        lock.unlock();
        const bool drawn = draw(task);
        lock.lock();
        if (!drawn && m_stopping) {
            return;
        }
        m_toCancel.erase(task.id);
        const Observer observer = std::move(m_tasks.front().observer);
        m_tasks.pop_front();
        lock.unlock();
        observer.finished(drawn ? std::optional<protocol::Problem>() : cancelled());
        lock.lock();
    }
}

/// False: it was to stop.
bool TestPattern::draw(const Task& task) {
    const auto& settings = task.settings;
    const int steps = protocol::stepsOf(settings);
    const protocol::Pass last = protocol::secondPassOf(settings).value_or(protocol::firstPassOf(settings));
    protocol::Progress progress;
    progress.stage = protocol::Stage::Encoding;
    progress.steps = steps * settings.count;
    task.observer.progress(progress);
    for (int index = 0; index < settings.count; ++index) {
        const std::int64_t seed = protocol::seedOf(settings, index);
        for (int step = 0; step < steps; ++step) {
            if (!pause(task.id, m_options.stepTime)) {
                return false;
            }
            progress.stage = protocol::Stage::Denoising;
            ++progress.step;
            task.observer.progress(progress);
            if (task.observer.preview && isPreviewDue(settings, step + 1)) {
                task.observer.preview(
                    {index, step + 1, steps, previewPattern(last.width, last.height, seed)});
            }
        }
        progress.stage = protocol::Stage::Decoding;
        task.observer.progress(progress);
        task.observer.image(index, seed, testPattern(last.width, last.height, seed));
    }
    return true;
}

/// False, and at once: this or task `id` is to stop.
bool TestPattern::pause(const std::string& id, std::chrono::milliseconds time) {
    std::unique_lock lock(m_mutex);
    return !m_wake.wait_for(lock, time, [&] { return m_stopping || m_toCancel.contains(id); });
}

}  // namespace easel::generator
