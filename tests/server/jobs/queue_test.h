// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <QTemporaryDir>
#include <QTest>

#include "server/image/png.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/sqlite_job_store.h"
#include "shared/protocol/infotext.h"
#include "tests/server/jobs/manual_generator.h"

namespace easel::tests {

using namespace jobs;
using namespace std::chrono_literals;
using protocol::JobEvent;
using protocol::JobState;

inline constexpr int kPatienceMs = 30'000;
inline const std::string kSomebody = "192.0.2.1";

/// The events of one job, in the order in which they were told.
class Diary {
public:
    std::function<void(const JobEvent&)> writer() {
        return [entries = m_entries](const JobEvent& event) {
            const std::scoped_lock lock(entries->mutex);
            entries->events.push_back(event);
        };
    }
    std::vector<JobEvent> events() const {
        const std::scoped_lock lock(m_entries->mutex);
        return m_entries->events;
    }
    bool waitFor(std::size_t count) const {
        return QTest::qWaitFor([&] { return events().size() >= count; }, kPatienceMs);
    }
    std::string types() const {
        std::string text;
        for (const JobEvent& event : events()) {
            text += std::string(nameOf(event)) + " ";
        }
        return text;
    }

private:
    struct Entries {
        std::mutex mutex;
        std::vector<JobEvent> events;
    };
    std::shared_ptr<Entries> m_entries = std::make_shared<Entries>();
};

inline protocol::GenerationSettings settings(const std::string& prompt = "a fox", int count = 1) {
    protocol::GenerationSettings made;
    made.model = "starter";
    made.prompt = prompt;
    made.width = 64;
    made.height = 64;
    made.steps = 4;
    made.sampler = "pndm";
    made.seed = 42;
    made.count = count;
    return made;
}

inline const protocol::Job& jobOf(const JobEvent& event) {
    return std::get<protocol::Job>(event.news);
}

inline std::vector<std::uint8_t> bytesOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A queue on a folder of its own, with a generator that does what the test says.
class QueueTest : public QObject {
    Q_OBJECT

protected:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<JobQueue> m_queue;
    JobStore* m_store = nullptr;  // m_queue's, as the next
    ManualGenerator* m_generator = nullptr;

    std::filesystem::path folder() const { return m_folder->path().toStdString(); }

    void open(QueueOptions options = {}, std::function<SteadyTime()> now = std::chrono::steady_clock::now) {
        m_queue.reset();
        auto store = openSqliteJobStore(folder() / "jobs.sqlite", {}, std::move(now));
        m_store = store->get();
        auto images = ImageFolder::open(folder() / "images");
        auto generator = std::make_unique<ManualGenerator>();
        m_generator = generator.get();
        auto inputs = InputFolder::open(folder() / "inputs");
        auto queue = JobQueue::open(std::move(*store), std::move(*images), std::move(*inputs),
                                    std::move(generator), options);
        QVERIFY(queue);
        m_queue = std::move(*queue);
    }

    std::string submit(const std::string& prompt = "a fox", int count = 1) {
        const auto job = m_queue->submit(settings(prompt, count), kSomebody);
        return job ? job->id : "";
    }

    std::string submitAs(const std::string& owner, const protocol::GenerationSettings& wish = settings()) {
        const auto job = m_queue->submit(wish, owner);
        return job ? job->id : job.error().code;
    }

    /// Hands in a picture and waits until it is kept, or is not to be.
    void deliver(const ManualGenerator::Request& request, int index = 0) {
        afterwards(
            request, [&] { ManualGenerator::deliver(request, index); },
            [&](const protocol::Job& job) {
                return std::ranges::count(job.images, index, &protocol::ImageInfo::index) > 0 ||
                       m_generator->wasCancelled(request.id);
            });
    }
    /// Ends a request and waits until its job has become what it becomes.
    void finish(const ManualGenerator::Request& request,
                const std::optional<protocol::Problem>& problem = {}) {
        afterwards(
            request, [&] { ManualGenerator::finish(request, problem); },
            [](const protocol::Job&) { return false; });
    }
    /// Waits until it is so, or the job is not running any more as it was before.
    template <typename Act, typename IsSo>
    void afterwards(const ManualGenerator::Request& request, Act act, IsSo isSo) {
        const auto before = m_queue->find(request.id);
        act();
        QVERIFY(QTest::qWaitFor(
            [&] {
                const auto now = m_queue->find(request.id);
                return !now || now->state != JobState::Running || now->attempt != before->attempt ||
                       isSo(*now);
            },
            kPatienceMs));
    }

    /// Draws the next job and answers its id.
    std::string drawNext() {
        const auto request = m_generator->take();
        deliver(*request);
        finish(*request);
        return request->id;
    }

    protocol::Job get(const std::string& id) { return m_queue->find(id).value(); }

    bool waitForState(const std::string& id, JobState state) {
        return QTest::qWaitFor([&] { return get(id).state == state; }, kPatienceMs);
    }

    /// Opens what the disk holds at this moment, as after SIGKILL. The old queue ends beside it, on its own
    /// copy, so that nothing it does in its destructor counts.
    void crash(const QueueOptions& options = {}) {
        auto copy = std::make_unique<QTemporaryDir>();
        std::filesystem::copy(
            folder(), copy->path().toStdString(),
            std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
        m_queue.reset();
        m_folder = std::move(copy);
        open(options);
    }

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        open();
    }
    void cleanup() {
        m_queue.reset();
        m_folder.reset();
    }
};

}  // namespace easel::tests
