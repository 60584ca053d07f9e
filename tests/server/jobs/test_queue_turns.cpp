// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "tests/server/jobs/queue_test.h"

using namespace easel;
using namespace easel::tests;

/// Whose turn it is, and how much one may ask for.
class TestQueueTurns : public QueueTest {
    Q_OBJECT

private Q_SLOTS:
    void clientsTakeTurns() {
        std::vector<std::string> many;
        for (int i = 0; i < 60; ++i) {
            many.push_back(submitAs("many"));
        }
        const auto one = submitAs("one");
        QCOMPARE(get(one).ahead, 1);
        QCOMPARE(get(many[1]).ahead, 2);
        QCOMPARE(get(many.back()).ahead, 60);
        QCOMPARE(drawNext(), many[0]);
        QCOMPARE(drawNext(), one);
        QCOMPARE(drawNext(), many[1]);
        QCOMPARE(drawNext(), many[2]);
    }

    /// Turns are a matter of work: while one client has a large picture drawn, another has many small ones.
    void whoAsksForMuchWaitsLonger() {
        auto large = settings();
        large.width = large.height = 256;  // 16 small ones
        const auto first = submitAs("large", large);
        const auto second = submitAs("large", large);
        std::vector<std::string> small;
        for (int i = 0; i < 20; ++i) {
            small.push_back(submitAs("small"));
        }
        QCOMPARE(get(second).ahead, 17);
        QCOMPARE(drawNext(), first);
        for (int i = 0; i < 16; ++i) {
            QCOMPARE(drawNext(), small[i]);
        }
        QCOMPARE(drawNext(), second);
        QCOMPARE(drawNext(), small[16]);
    }

    void timeInWhichNothingWasAskedForIsNotSavedUp() {
        for (int i = 0; i < 6; ++i) {
            submitAs("early");
        }
        for (int i = 0; i < 3; ++i) {
            drawNext();
        }
        const auto running = m_generator->take();
        const std::vector<std::string> late{submitAs("late"), submitAs("late")};
        QCOMPARE(get(late[0]).ahead, 1);
        QCOMPARE(get(late[1]).ahead, 3);
        finish(*running, protocol::generationFailed("no"));
    }

    void whatACancelledJobDidNotUseIsGivenBack() {
        auto large = settings();
        large.width = large.height = 256;
        const auto hasty = submitAs("hasty", large);
        const auto running = m_generator->take();
        const auto next = submitAs("hasty");
        std::vector<std::string> others{submitAs("other"), submitAs("other"), submitAs("other")};
        QCOMPARE(get(next).ahead, 4);
        QVERIFY(m_queue->cancel(hasty));
        finish(*running, generator::cancelled());
        const auto order = std::vector{drawNext(), drawNext()};
        QCOMPARE(order, (std::vector{next, others[0]}));
    }

    void aLostJobKeepsItsPlace() {
        const auto first = submitAs("a");
        submitAs("a");
        const auto lost = m_generator->take();
        submitAs("b");
        finish(*lost, generator::workerLost("killed"));
        QCOMPARE(get(first).ahead, 0);
        QCOMPARE(m_generator->take()->id, first);
    }

    /// The order of a line of several clients, one of them served before, and one job lost with the server.
    void turnsOutliveTheProcess() {
        auto large = settings();
        large.width = large.height = 128;
        submitAs("a", large);
        std::vector<std::string> waiting;
        for (int i = 0; i < 4; ++i) {
            waiting.push_back(submitAs("a"));
            waiting.push_back(submitAs("b", i % 2 ? large : settings()));
            waiting.push_back(submitAs("c"));
        }
        drawNext();
        drawNext();
        const auto running = m_generator->take();
        const auto places = [&] {
            std::map<std::string, int> found;
            for (const auto& id : waiting) {
                if (get(id).state == JobState::Queued && id != running->id) {
                    found[id] = get(id).ahead;
                }
            }
            return found;
        };
        const auto before = places();
        crash();
        QCOMPARE(m_generator->take()->id, running->id);
        QVERIFY(places() == before);
    }

    void aPlaceThatChangesIsTold() {
        submitAs("many");
        QVERIFY(m_generator->take());
        submitAs("many");
        const auto last = submitAs("many");
        Diary diary;
        const auto subscription = m_queue->subscribe(last, {}, diary.writer());
        QVERIFY(diary.waitFor(1));
        const auto other = submitAs("other");
        QVERIFY(diary.waitFor(2));
        QVERIFY(m_queue->cancel(other));
        QVERIFY(diary.waitFor(3));
        QVERIFY(m_queue->remove(last));
        QVERIFY(diary.waitFor(4));
        QCOMPARE(jobOf(diary.events()[0]).ahead, 2);
        QCOMPARE(jobOf(diary.events()[1]).ahead, 3);
        QCOMPARE(jobOf(diary.events()[2]).ahead, 2);
        QCOMPARE(diary.types(), std::string("state state state done "));
    }

    void noClientFillsTheQueue() {
        submitAs("flood");
        const auto running = m_generator->take();
        int accepted = 0;
        for (int i = 0; i < 2'000; ++i) {
            accepted += submitAs("flood") != "queue_share_taken" ? 1 : 0;
        }
        QCOMPARE(accepted, 75);
        QVERIFY(get(submitAs("other")).state == JobState::Queued);
        const auto refused = m_queue->submit(settings(), "flood").error();
        QCOMPARE(refused.status, 429);
        QVERIFY2(refused.detail.starts_with("You have 75 of the 100 places"), refused.detail.c_str());
        QVERIFY(refused.retryAfter.value_or(0) >= 1);
        // Room comes back as jobs are drawn.
        finish(*running, protocol::generationFailed("no"));
        drawNext();
        drawNext();
        QVERIFY(get(submitAs("flood")).state == JobState::Queued);
    }

    void aRefusalSaysWhenThereIsRoom() {
        QueueOptions options;
        options.limits.maxQueued = 4;
        open(options);
        auto slow = settings();
        slow.steps = 500;
        submitAs("a", slow);
        auto request = m_generator->take();
        ManualGenerator::step(*request, 1);
        QTest::qSleep(200);
        ManualGenerator::step(*request, 2);  // 200 ms a step or more: 500 steps are 100 s or more
        for (int i = 0; i < 3; ++i) {
            submitAs("a", slow);
        }
        const auto refused = m_queue->submit(settings(), "a").error();
        QCOMPARE(refused.code, std::string("queue_share_taken"));
        QVERIFY2(*refused.retryAfter >= 99, std::to_string(*refused.retryAfter).c_str());
        submitAs("b", slow);
        const auto full = m_queue->submit(settings(), "b").error();
        QCOMPARE(full.code, std::string("queue_full"));
        QVERIFY(*full.retryAfter >= 99);
        // The first has more than its share of four: two of its jobs and the other's have to go first.
        const auto later = m_queue->submit(settings(), "a").error();
        QVERIFY2(*later.retryAfter > *full.retryAfter, std::to_string(*later.retryAfter).c_str());
    }

    void oneRequestCannotTakeTheDeviceForDays() {
        QueueOptions options;
        options.limits.maxWork = 1;
        open(options);
        auto wish = settings();
        wish.width = wish.height = 512;
        const auto refused = m_queue->submit(wish, kSomebody).error();  // 4 steps: 1.05
        QCOMPARE(refused.status, 422);
        QCOMPARE(refused.code, std::string("too_much_work"));
        QCOMPARE(refused.field.value_or(""), std::string("steps"));
        QCOMPARE(m_queue->load().maxWork, 1.0);
        wish.guidance = 1;  // one pass a step instead of two
        QVERIFY(m_queue->submit(wish, kSomebody));
    }

    /// A client that did not hear the answer asks again, and the limit may have changed meanwhile.
    void whatWasAcceptedStaysAccepted() {
        const IdempotencyKey key{"k", "a fox"};
        const auto id = m_queue->submit(settings(), kSomebody, key).value().id;
        QueueOptions options;
        options.limits.maxWork = 0.001;
        open(options);
        QCOMPARE(m_queue->submit(settings(), kSomebody, key).value().id, id);
        QCOMPARE(m_queue->submit(settings(), kSomebody).error().code, std::string("too_much_work"));
        QCOMPARE(m_generator->take()->id, id);
    }

    void withoutOrdersTheLimitIsAnHourOfWork() {
        QCOMPARE(m_queue->load().maxWork, 100.0);
        m_generator->setStatus({true, false, "", "cuda:0", "Manual", "fp16"});
        QCOMPARE(m_queue->load().maxWork, 3'600.0);
        auto wish = settings();
        wish.width = wish.height = 1024;
        const auto id = submitAs("a", wish);
        const auto request = m_generator->take();
        ManualGenerator::step(*request, 1);
        QTest::qSleep(100);
        ManualGenerator::step(*request, 2);
        QCOMPARE(m_queue->load().maxWork, 3'600.0);  // settled when the job ends
        deliver(*request);
        finish(*request);
        QVERIFY(get(id).state == JobState::Succeeded);
        QVERIFY(m_queue->load().maxWork <= 3'600 / 0.1 * 1.05);  // 100 ms for 1.05 megapixels, or longer
        QVERIFY(m_queue->load().maxWork != 3'600.0);

        QueueOptions options;
        options.leastMaxWork = 200;
        open(options);
        QCOMPARE(m_queue->load().maxWork, 200.0);
    }

    void anEstimateTellsWhatWouldCome() {
        auto estimate = m_queue->estimate(settings("a fox", 2), "b");
        QVERIFY(estimate.settings == settings("a fox", 2));
        QCOMPARE(estimate.work, 64 * 64 * 4 * 2 / 1e6);
        QCOMPARE(estimate.ahead, 0);
        QVERIFY(!estimate.seconds && !estimate.problem);
        QCOMPARE(estimate.waitSeconds.value_or(-1), 0.0);

        submitAs("a");
        const auto request = m_generator->take();
        submitAs("a");
        submitAs("a");
        QVERIFY(!m_queue->estimate(settings(), "b").waitSeconds);
        ManualGenerator::step(*request, 1);
        QTest::qSleep(20);
        ManualGenerator::step(*request, 2);
        estimate = m_queue->estimate(settings(), "b");
        QCOMPARE(estimate.ahead, 1);
        QVERIFY(estimate.seconds.value() >= 0.08);
        QCOMPARE(estimate.waitSeconds.value(), *estimate.seconds / 2);  // two of four steps are done
        QCOMPARE(m_queue->estimate(settings(), "a").ahead, 3);
        QCOMPARE(m_queue->load().queue.queued, 2);

        auto huge = settings("a fox", 16);
        huge.width = huge.height = 2048;
        QCOMPARE(m_queue->estimate(huge, "b").problem->code, std::string("too_much_work"));
    }
};

QTEST_GUILESS_MAIN(TestQueueTurns)
#include "moc_queue_test.cpp"
#include "test_queue_turns.moc"
