// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/jobs/active_jobs.h"
#include "server/jobs/disk_room.h"
#include "server/jobs/image_folder.h"
#include "server/jobs/input_store.h"
#include "server/jobs/job_store.h"
#include "server/jobs/queue_options.h"
#include "server/jobs/server_clock.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

/// Every job, on the disk and in memory: what JobQueue and Dispatcher share. A change is made in the store
/// first and then in memory, where it is seen and told; one change at a time. Whoever only looks waits for
/// none of them: the lock of what is in memory is never held while the disk is at work. Safe to use from any
/// thread.
class Ledger {
public:
    Ledger(std::unique_ptr<JobStore> store, ImageFolder images, InputFolder inputs,
           const QueueOptions& options);

    /// Takes up what an earlier process left.
    protocol::Expected<void> open();
    /// Is called after each change, from the thread that made it.
    void onChange(std::function<void()> changed) { m_changed = std::move(changed); }

    template <typename Look>
    auto look(Look look) const {
        const std::scoped_lock lock(m_mutex);
        return look(std::as_const(m_active));
    }
    protocol::Expected<protocol::Job> find(const std::string& id) const;
    protocol::Expected<std::string> ownerOf(const std::string& id) const;
    protocol::Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before,
                                               const std::optional<std::string>& owner) const;
    std::optional<LiveJob> copyOf(const std::string& id) const;
    bool isPaused() const;
    int setAside() const { return m_setAside; }
    const ImageFolder& images() const { return m_images; }
    InputStore& inputs() { return m_inputs; }
    const DiskRoom& room() const { return m_room; }

    // What a change is made of: begun, made in the store, made in memory.

    [[nodiscard]] std::unique_lock<std::mutex> begin() { return std::unique_lock(m_changing); }
    JobStore& store() { return *m_store; }
    template <typename Change>
    auto change(Change change) {
        const Announcement announcement{*this};
        const std::scoped_lock lock(m_mutex);
        return change(m_active);
    }
    void setPaused(bool paused);
    /// How the job ends now; the number of its event is reserved until `change` finishes it.
    Ending endingOf(const protocol::Job& job, const Outcome& outcome);
    /// Forgets a job and its pictures.
    protocol::Expected<void> forget(const std::string& id);
    /// The machine's time, but never before what happened to the job earlier.
    std::int64_t timeFor(const protocol::Job& job) const;

    // What becomes of jobs; see Dispatcher. Of an attempt that is no longer running nothing becomes.

    struct Started {
        int attempt = 0;
        protocol::GenerationSettings settings;
    };
    /// Nothing: the store has another opinion of the job; it is to be tried again.
    protocol::Expected<std::optional<Started>> start(const std::string& id, const Lease& lease);
    /// False, and not a word, when the claim was lost.
    bool renew(const std::string& id, int attempt, const Lease& lease);
    void progress(const std::string& id, int attempt, const protocol::Progress& progress);
    void preview(const std::string& id, int attempt, protocol::Preview preview);
    /// False: the picture could not be kept, and the attempt has failed.
    bool addImage(const std::string& id, int attempt, const protocol::Expected<protocol::ImageInfo>& image);
    /// What a job that is not drawn any more is to become.
    using Fate = std::variant<Requeue, Outcome>;
    /// False: it could not be stored; `settle` tries again.
    bool conclude(const std::string& id, int attempt, const std::function<Fate(const LiveJob&)>& fate);
    /// Stores the ends that could not be stored before. False: they still cannot.
    bool settle();
    void giveBack(const std::string& id);
    void hold(const std::vector<Holding>& jobs);
    protocol::Expected<void> release(const std::vector<std::string>& ids);

    /// Calls who follows what has changed. One thread.
    void tellPending();
    /// Forgets what has to go by `retention`.
    void sweep();
    void keepTime(std::chrono::milliseconds lease);
    void logProblem(const std::string& what, const protocol::Problem& problem) const;

private:
    struct Announcement {
        const Ledger& ledger;
        ~Announcement() {
            if (ledger.m_changed) {
                ledger.m_changed();
            }
        }
    };

    protocol::Expected<void> takeUpJobs();
    void setAsideStrangers();
    void requeue(const LiveJob& live, Requeue why);
    bool end(const LiveJob& live, const Outcome& outcome);

    const std::unique_ptr<JobStore> m_store;
    const ImageFolder m_images;
    const QueueOptions& m_options;
    const DiskRoom m_room;
    std::function<void()> m_changed;
    ServerClock m_clock;
    InputStore m_inputs;
    int m_setAside = 0;  // pictures

    std::mutex m_changing;       // one change at a time; taken before m_mutex
    mutable std::mutex m_mutex;  // what follows; never held while the disk is at work
    ActiveJobs m_active{[this] { return m_clock.sequence(); }};
    bool m_paused = false;
};

}  // namespace easel::jobs
