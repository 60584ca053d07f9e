// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <climits>
#include <cstddef>

namespace easel::tests {

/// As long as it lives, the CPU has no tensor of more than `most` bytes to give, as a full GPU has none;
/// after it was asked for such `times` times it has all that is wanted.
class ScarceMemory final : public c10::Allocator {
public:
    explicit ScarceMemory(std::size_t most, int times = INT_MAX)
        : m_most(most), m_times(times), m_plenty(c10::GetCPUAllocator()) {
        c10::SetCPUAllocator(this);
    }
    ~ScarceMemory() override { c10::SetCPUAllocator(m_plenty); }
    ScarceMemory(const ScarceMemory&) = delete;
    ScarceMemory& operator=(const ScarceMemory&) = delete;

    c10::DataPtr allocate(std::size_t bytes) override {
        if (bytes > m_most && refused < m_times) {
            ++refused;
            TORCH_CHECK_WITH(OutOfMemoryError, false, "There are no ", bytes, " bytes.");
        }
        std::size_t largest = m_largest;
        while (bytes > largest && !m_largest.compare_exchange_weak(largest, bytes)) {
        }
        return m_plenty->allocate(bytes);
    }
    c10::DeleterFnPtr raw_deleter() const override { return m_plenty->raw_deleter(); }
    void copy_data(void* to, const void* from, std::size_t bytes) const override {
        m_plenty->copy_data(to, from, bytes);
    }

    void allow(std::size_t most) { m_most = most; }
    std::size_t largest() const { return m_largest; }
    std::atomic<int> refused = 0;

private:
    std::atomic<std::size_t> m_most;
    const int m_times;
    c10::Allocator* const m_plenty;
    std::atomic<std::size_t> m_largest = 0;
};

}  // namespace easel::tests
