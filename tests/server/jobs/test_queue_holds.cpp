// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <limits>

#include <QTest>

#include "tests/server/jobs/queue_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::HoldReason;

/// What is held, moved, paused and claimed; and who waits for whom.
class TestQueueHolds : public QueueTest {
    Q_OBJECT

private:
    static protocol::GenerationSettings ofModel(const std::string& model) {
        auto wish = settings();
        wish.model = model;
        return wish;
    }

private Q_SLOTS:
    void aJobWithoutItsModelIsHeldUntilItIsThere() {
        std::atomic<bool> isThere = false;
        QueueOptions options;
        options.obstacle = [&](const protocol::GenerationSettings& asked) -> std::optional<protocol::Hold> {
            if (asked.model == "starter" || isThere) {
                return {};
            }
            return protocol::Hold{HoldReason::ModelMissing, asked.model + " is missing.", "Bring it."};
        };
        open(options);
        const auto missing = submitAs("a", ofModel("other"));
        QVERIFY(waitForState(missing, JobState::Held));
        QVERIFY(get(missing).hold->reason == HoldReason::ModelMissing);
        QCOMPARE(get(missing).hold->detail, std::string("other is missing."));
        const auto id = submitAs("a");
        QCOMPARE(drawNext(), id);
        QVERIFY(waitForState(id, JobState::Succeeded));
        QVERIFY(get(missing).state == JobState::Held);
        open(options);
        QVERIFY(get(missing).state == JobState::Held);
        isThere = true;
        QCOMPARE(drawNext(), missing);
        QVERIFY(waitForState(missing, JobState::Succeeded));
        QVERIFY(!get(missing).hold);
        QCOMPARE(get(missing).attempt, 1);
        m_queue.reset();  // It reads `isThere`.
    }

    void whatWasRunningAtARestartCanBeHeld() {
        QueueOptions options;
        options.onRestart = OnRestart::Hold;
        open(options);
        const auto id = submit();
        const auto other = submit();
        QVERIFY(m_generator->take());
        crash(options);
        QVERIFY(get(id).state == JobState::Held);
        QVERIFY(get(id).hold->reason == HoldReason::Restarted);
        QVERIFY(!get(id).hold->cure.empty());
        QCOMPARE(drawNext(), other);
        QVERIFY(waitForState(other, JobState::Succeeded));
        crash(options);
        QVERIFY(get(id).state == JobState::Held);
        QVERIFY(m_generator->isIdle());
        QVERIFY(m_queue->release(id));
        QCOMPARE(drawNext(), id);
        QVERIFY(waitForState(id, JobState::Succeeded));
        QCOMPARE(get(id).attempt, 2);
    }

    void onlyWhatIsHeldIsReleased() {
        QCOMPARE(m_queue->release("j_none").error().status, 404);
        const auto running = submit();
        QVERIFY(m_generator->take());
        const auto waiting = submit();
        QVERIFY(m_queue->release(running).value().state == JobState::Running);
        QVERIFY(m_queue->release(waiting).value().state == JobState::Queued);
        QVERIFY(m_queue->cancel(waiting));
        QVERIFY(m_queue->release(waiting).value().state == JobState::Cancelled);
    }

    void whatIsHeldCanBeCancelledAndRemoved() {
        QueueOptions options;
        options.obstacle = [](const auto&) {
            return protocol::Hold{HoldReason::DeviceDrained, "The device is drained.", "Resume it."};
        };
        open(options);
        const auto first = submit();
        const auto second = submit();
        QVERIFY(waitForState(first, JobState::Held) && waitForState(second, JobState::Held));
        QVERIFY(m_queue->cancel(first).value().state == JobState::Cancelled);
        QVERIFY(!get(first).hold);
        QVERIFY(m_queue->remove(second));
        QCOMPARE(m_queue->state().held, 0);
    }

    void aPausedQueueStartsNothing() {
        const auto running = submit();
        const auto request = m_generator->take();
        QVERIFY(m_queue->pause().value().paused);
        const auto waiting = submit();
        deliver(*request);
        finish(*request);
        QVERIFY(get(running).state == JobState::Succeeded);
        QCOMPARE(m_queue->state(), (protocol::QueueState{true, 1, 0, 0}));
        open();
        QVERIFY(m_queue->state().paused);
        const auto other = submit();
        QVERIFY(m_queue->cancel(other));  // which wakes the queue
        QVERIFY(m_generator->isIdle());
        QVERIFY(get(waiting).state == JobState::Queued);
        QVERIFY(!m_queue->resume().value().paused);
        QCOMPARE(drawNext(), waiting);
        open();
        QVERIFY(!m_queue->state().paused);
    }

    void movesOutliveTheProcess() {
        const auto running = submit();
        QVERIFY(m_generator->take());
        std::vector<std::string> ids;
        for (int i = 0; i < 4; ++i) {
            ids.push_back(submit());
        }
        const auto urgent = m_queue->submit(settings(), kSomebody, {}, 7).value();
        QCOMPARE(urgent.priority, 7);
        QCOMPARE(urgent.ahead, 1);
        QCOMPARE(m_queue->move(ids[3], {}).value().ahead, 2);
        QCOMPARE(m_queue->move(ids[0], {ids[2], {}}).value().ahead, 4);
        QCOMPARE(m_queue->move(ids[1], {{}, -1}).value().priority, -1);
        crash();
        const std::vector<std::string> expected{running, urgent.id, ids[3], ids[0], ids[2], ids[1]};
        for (const auto& id : expected) {
            QCOMPARE(drawNext(), id);
        }
    }

    void movesThatFitNothingAreRefused() {
        QCOMPARE(m_queue->move("j_none", {}).error().status, 404);
        const auto running = submit();
        QVERIFY(m_generator->take());
        QCOMPARE(m_queue->move(running, {}).error().status, 409);
        const auto waiting = submit();
        QCOMPARE(m_queue->move(waiting, {running, {}}).error().field.value_or(""), std::string("before"));
        const auto others = submitAs("other");
        QCOMPARE(m_queue->move(waiting, {others, {}}).error().field.value_or(""), std::string("before"));
    }

    /// Neither who draws nor who asks waits for a picture to be written.
    void aSlowDiskHoldsUpNobody() {
        const auto id = submit();
        const auto request = m_generator->take();
        const auto next = submit();
        std::filesystem::create_directory(folder() / "images" / id);
        const auto pipe = folder() / "images" / id / "0.png.part";
        QCOMPARE(::mkfifo(pipe.c_str(), 0600), 0);  // Opening it takes as long as nobody reads it.
        ManualGenerator::deliver(*request);
        ManualGenerator::finish(*request);
        const auto second = m_generator->take();
        QCOMPARE(second->id, next);
        ManualGenerator::step(*second, 1);
        QCOMPARE(get(next).progress.step, 1);
        QVERIFY(get(id).state == JobState::Running);
        QVERIFY(get(id).images.empty());
        QVERIFY(m_queue->subscribe(id, {}, [](const JobEvent&) {}));
        submit();
        QCOMPARE(m_queue->state(), (protocol::QueueState{false, 1, 0, 2}));
        std::thread reader([&] { std::ifstream(pipe).ignore(std::numeric_limits<std::streamsize>::max()); });
        const bool isDone = QTest::qWaitFor([&] { return isFinished(get(id).state); }, kPatienceMs);
        reader.join();
        QVERIFY(isDone);
    }

    /// Who looks does not wait for a change that is being stored.
    void lookingWaitsForNoChange() {
        std::mutex gate;
        std::atomic<int> asked = 0;
        const auto now = [&] {
            ++asked;
            const std::scoped_lock lock(gate);
            return std::chrono::steady_clock::now();
        };
        open({}, now);
        QVERIFY(m_queue->pause());
        const auto id = submit();
        std::unique_lock closed(gate);
        std::thread resuming([&] { static_cast<void>(m_queue->resume()); });
        QVERIFY(QTest::qWaitFor([&] { return asked > 0; }, kPatienceMs));  // The job is being claimed.
        QVERIFY(get(id).state == JobState::Queued);
        QCOMPARE(m_queue->load().queue.queued, 1);
        QCOMPARE(m_queue->estimate(settings(), kSomebody).ahead, 1);
        Diary diary;
        const auto subscription = m_queue->subscribe(id, {}, diary.writer());
        closed.unlock();
        resuming.join();
        QVERIFY(m_generator->take());
        QVERIFY(diary.waitFor(1));
        m_queue.reset();  // It asks for the time.
    }

    void claimsAreRenewedWhileAJobIsDrawn() {
        std::atomic<int> asked = 0;
        std::atomic<int> time = 0;
        QueueOptions options;
        options.lease = 300ms;
        open(options, [&] {
            ++asked;
            return SteadyTime() + std::chrono::milliseconds(time);
        });
        const auto id = submit();
        const auto request = m_generator->take();
        for (int i = 0; i < 3; ++i) {
            time += 250;
            const int before = asked;
            QVERIFY(QTest::qWaitFor([&] { return asked >= before + 2; }, kPatienceMs));
        }
        QVERIFY(!m_store->claim(id, 2, {"other", 300ms}, 0, 0).value());
        // One that was lost all the same is not drawn on.
        time += 1'000'000;
        if (m_store->claim(id, 2, {"other", 300ms}, 0, 0).value()) {
            QVERIFY(QTest::qWaitFor([&] { return m_generator->wasCancelled(id); }, kPatienceMs));
        }
        ManualGenerator::finish(*request, generator::cancelled());
        m_queue.reset();  // It asks for the time.
    }
};

QTEST_GUILESS_MAIN(TestQueueHolds)
#include "moc_queue_test.cpp"
#include "test_queue_holds.moc"
