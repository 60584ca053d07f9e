// SPDX-License-Identifier: Apache-2.0
// Work that is parted reaches all threads: at::parallel_for does so only in files compiled with OpenMP.
#include <ATen/Parallel.h>

#include <QTest>
#include <mutex>
#include <set>
#include <thread>

class ThreadsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void allOfThemWork() {
        at::set_num_threads(2);
        std::mutex mutex;
        std::set<std::thread::id> seen;
        at::parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) {
            const std::scoped_lock lock(mutex);
            seen.insert(std::this_thread::get_id());
        });
        QCOMPARE(seen.size(), 2U);
    }
};

QTEST_GUILESS_MAIN(ThreadsTest)
#include "test_threads.moc"
