// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "server/kernels/cuda/grid.h"

#define EASEL_DEVICE inline

namespace easel::kernels::cuda {

/// pthread's own, which wakes so many threads several times as fast as std::barrier.
class HostBarrier {
public:
    explicit HostBarrier(unsigned threads) { pthread_barrier_init(&m_barrier, nullptr, threads); }
    ~HostBarrier() { pthread_barrier_destroy(&m_barrier); }
    HostBarrier(const HostBarrier&) = delete;
    HostBarrier& operator=(const HostBarrier&) = delete;

    void wait() { pthread_barrier_wait(&m_barrier); }

private:
    pthread_barrier_t m_barrier;
};

/// What the threads of a block have in common. They are threads indeed, so a sanitizer sees what they do
/// without a barrier between them.
struct HostTeam {
    struct Warp {
        HostBarrier barrier{kWarp};
        std::array<std::array<float, kWarp>, 2> values{};  // of one sum, while another's are still read
    };

    HostBarrier barrier{kThreads};
    std::array<Warp, kWarps> warps;
};

/// A block of threads on the host.
class HostBlock {
public:
    HostBlock(std::int64_t index, std::int64_t count, int thread, HostTeam& team, float* shared)
        : m_index(index), m_count(count), m_thread(thread), m_team(team), m_shared(shared) {}

    std::int64_t index() const { return m_index; }
    std::int64_t count() const { return m_count; }
    int thread() const { return m_thread; }
    /// Memory of all threads of the block, with anything in it.
    float* shared() const { return m_shared; }
    /// Waits for all threads of the block.
    void barrier() const { m_team.barrier.wait(); }

    /// Of all threads of a warp, in the order in which a GPU sums up. All of them must call it.
    float sumOfWarp(float value) const {
        HostTeam::Warp& warp = m_team.warps[static_cast<std::size_t>(m_thread / kWarp)];
        auto& values = warp.values[m_sums++ % 2];
        values[static_cast<std::size_t>(m_thread % kWarp)] = value;
        warp.barrier.wait();
        auto sums = values;
        for (std::size_t apart = kWarp / 2; apart > 0; apart /= 2) {
            for (std::size_t i = 0; i < apart; ++i) {
                sums[i] += sums[i + apart];
            }
        }
        return sums[0];
    }

    /// Sets a flag that any number of threads may set.
    void raise(std::int32_t* flag) const { std::atomic_ref(*flag).fetch_or(1, std::memory_order_relaxed); }

private:
    std::int64_t m_index;
    std::int64_t m_count;
    int m_thread;
    HostTeam& m_team;
    float* m_shared;
    mutable unsigned m_sums = 0;
};

using Block = HostBlock;

/// The threads, which wait between kernels: to make so many anew takes longer than most tests' kernels.
class HostThreads {
public:
    static HostThreads& get() {
        static HostThreads threads;
        return threads;
    }

    /// Has each of them run `work(team, thread)`, and waits for them.
    void run(std::function<void(HostTeam& team, int thread)> work) {
        const std::scoped_lock lock(m_mutex);
        m_work = std::move(work);
        m_begin.wait();
        m_end.wait();
    }

private:
    HostThreads() {
        for (int thread = 0; thread < kThreads; ++thread) {
            m_threads.emplace_back([this, thread] {
                for (m_begin.wait(); m_work; m_begin.wait()) {
                    m_work(m_team, thread);
                    m_end.wait();
                }
            });
        }
    }
    ~HostThreads() {
        m_work = nullptr;
        m_begin.wait();
    }

    std::mutex m_mutex;
    std::function<void(HostTeam& team, int thread)> m_work;
    HostTeam m_team;
    HostBarrier m_begin{kThreads + 1};
    HostBarrier m_end{kThreads + 1};
    std::vector<std::jthread> m_threads;
};

/// Always 0. It waits for the kernel; `stream` says nothing.
template <typename Kernel>
int launch(const Kernel& kernel, const Grid& grid, void* /*stream*/) {
    constexpr std::int64_t kMostOnHost = 24;  // so that tests see blocks that take several shares
    const std::int64_t blocks = std::min(grid.blocks, kMostOnHost);
    if (blocks == 0) {
        return 0;
    }
    const std::unique_ptr<float[]> shared(new float[grid.sharedFloats]);
    HostThreads::get().run([&](HostTeam& team, int thread) {
        for (std::int64_t i = 0; i < blocks; ++i) {
            if (thread == 0) {
                // So that what was not written before it is read comes out as no number.
                std::fill_n(shared.get(), grid.sharedFloats, std::numeric_limits<float>::quiet_NaN());
            }
            team.barrier.wait();
            kernel(HostBlock(i, blocks, thread, team, shared.get()));
            team.barrier.wait();
        }
    });
    return 0;
}

}  // namespace easel::kernels::cuda
