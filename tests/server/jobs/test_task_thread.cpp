// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <QTest>

#include "server/jobs/task_thread.h"
#include "tests/support/shared_log.h"

using namespace easel;
using namespace easel::jobs;

namespace {

void nothing() {}

}  // namespace

class TestTaskThread : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatThrowsEndsAlone() {
        tests::SharedLog log;
        int done = 0;
        {
            TaskThread thread(4, nothing, log.writer());
            thread.add([] { throw std::runtime_error("too much of it"); });
            thread.add([&] { ++done; });
        }
        QCOMPARE(done, 1);
        QCOMPARE(log.text(), std::string("too much of it\n"));
    }

    void itsEndWaitsForAll() {
        std::atomic<int> done = 0;
        {
            TaskThread thread(4, nothing, [](const std::string&) {});
            for (int i = 0; i < 4; ++i) {
                thread.add([&] { ++done; });
            }
        }
        QCOMPARE(done.load(), 4);
    }

    void takesNoMoreThanWait() {
        std::promise<void> goesOn;
        TaskThread thread(1, nothing, [](const std::string&) {});
        thread.add([&] { goesOn.get_future().wait(); });
        QVERIFY(thread.tryAdd([] {}));
        QVERIFY(!thread.tryAdd([] {}));
        QVERIFY(!thread.isIdle());
        goesOn.set_value();
    }

    void onceClosedOnlyWhatIsUnderWayIsDone() {
        std::promise<void> began;
        std::promise<void> goesOn;
        std::atomic<bool> isDone = false;
        const auto held = std::make_shared<int>();
        bool isBegun = false;
        TaskThread thread(2, nothing, [](const std::string&) {});
        thread.add([&] {
            began.set_value();
            goesOn.get_future().wait();
            isDone = true;
        });
        began.get_future().wait();
        thread.add([&, held] { isBegun = true; });
        std::thread closing([&] { thread.close(); });
        QTRY_COMPARE(held.use_count(), 1L);  // What waited is let go, though the other goes on.
        QVERIFY(!isDone);
        QVERIFY(!thread.tryAdd([] {}));
        goesOn.set_value();
        closing.join();
        QVERIFY(isDone);
        QVERIFY(!isBegun);
    }
};

QTEST_APPLESS_MAIN(TestTaskThread)
#include "test_task_thread.moc"
