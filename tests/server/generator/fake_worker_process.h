// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTest>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/generator/worker_process.h"

namespace easel::tests {

inline constexpr std::chrono::seconds kPatience{30};

/// What an observer heard.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    int steps = 0;
    std::map<int, image::Image> images;
    std::vector<generator::Preview> previews;
    std::vector<std::optional<protocol::Problem>> ends;

    static generator::Observer observerOf(const std::shared_ptr<Heard>& heard) {
        return {.progress =
                    [heard](const protocol::Progress& progress) {
                        heard->note([&] { heard->steps = progress.step; });
                    },
                .image =
                    [heard](int index, std::int64_t, image::Image picture) {
                        heard->note([&] { heard->images[index] = std::move(picture); });
                    },
                .finished =
                    [heard](std::optional<protocol::Problem> problem) {
                        heard->note([&] { heard->ends.push_back(std::move(problem)); });
                    },
                .preview =
                    [heard](generator::Preview preview) {
                        heard->note([&] { heard->previews.push_back(std::move(preview)); });
                    }};
    }

    template <typename Change>
    void note(Change change) {
        const std::scoped_lock lock(mutex);
        change();
        changed.notify_all();
    }

    template <typename Condition>
    bool waitFor(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, kPatience, condition);
    }

    bool waitForEnd() {
        return waitFor([this] { return !ends.empty(); });
    }

    std::string endCode() {
        const std::scoped_lock lock(mutex);
        return ends.empty() ? "none" : ends.front() ? ends.front()->code : "";
    }
};

/// For the worker of this folder, behaving as `model` says.
inline generator::WorkerOptions options(const std::string& model) {
    generator::WorkerOptions made;
    made.program = FAKE_WORKER;
    made.model = {"own", model};
    made.firstPause = std::chrono::milliseconds(10);
    made.longestPause = std::chrono::milliseconds(40);
    made.grace = std::chrono::milliseconds(200);
    return made;
}

inline protocol::GenerationSettings settings(const std::string& prompt, int steps = 5) {
    protocol::GenerationSettings made;
    made.prompt = prompt;
    made.width = 64;
    made.height = 64;
    made.steps = steps;
    made.sampler = "pndm";
    made.seed = 42;
    return made;
}

inline bool waitForStatus(const generator::Generator& generator,
                          const std::function<bool(const generator::Status&)>& wanted) {
    return QTest::qWaitFor([&] { return wanted(generator.status()); },
                           static_cast<int>(std::chrono::milliseconds(kPatience).count()));
}

inline bool isReady(const generator::Status& status) {
    return status.ready;
}

inline bool hasFailed(const generator::Status& status) {
    return status.failed;
}

inline std::shared_ptr<Heard> submit(generator::Generator& generator, const std::string& id,
                                     const protocol::GenerationSettings& wish) {
    auto heard = std::make_shared<Heard>();
    generator.submit(id, wish, Heard::observerOf(heard));
    return heard;
}

}  // namespace easel::tests
