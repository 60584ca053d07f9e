// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "tests/server/jobs/queue_test.h"

using namespace easel;
using namespace easel::tests;

/// What clients ask for.
class TestQueue : public QueueTest {
    Q_OBJECT

private Q_SLOTS:
    void drawsAJob() {
        const auto id = submit("a fox", 2);
        const auto request = m_generator->take();
        QVERIFY(request);
        QCOMPARE(request->id, id);
        QVERIFY(request->settings == settings("a fox", 2));
        QVERIFY(get(id).state == JobState::Running);
        QCOMPARE(get(id).attempt, 1);
        ManualGenerator::step(*request, 3);
        QCOMPARE(get(id).progress.step, 3);
        QCOMPARE(m_queue->image(id, 0).error().status, 404);
        deliver(*request, 0);
        deliver(*request, 1);
        finish(*request);

        const auto job = get(id);
        QVERIFY(job.state == JobState::Succeeded);
        QVERIFY(job.startedAt && job.finishedAt);
        QCOMPARE(job.images.size(), std::size_t{2});
        QCOMPARE(job.images[1].seed, std::int64_t{43});
        const auto stored = m_queue->image(id, 1);
        QVERIFY(stored);
        const auto bytes = bytesOf(stored->path);
        QCOMPARE(static_cast<std::int64_t>(bytes.size()), stored->info.bytes);
        QVERIFY(image::decodePng(bytes).value() == generator::testPattern(64, 64, 43));
        const auto texts = image::readPngTexts(bytes).value();
        QCOMPARE(texts.size(), std::size_t{1});
        QCOMPARE(texts[0].keyword, std::string(protocol::kInfotextKeyword));
        const auto written = protocol::fromInfotext(texts[0].text);
        QVERIFY(written);
        QCOMPARE(written->seed, std::int64_t{43});
        QCOMPARE(written->prompt, std::string("a fox"));
        QCOMPARE(m_queue->image(id, 2).error().status, 404);
    }

    void drawsInTheirOrder() {
        const auto first = submit("first");
        const auto running = m_generator->take();
        const auto second = submit("second");
        const auto third = submit("third");
        QCOMPARE(get(second).ahead, 1);
        QCOMPARE(get(third).ahead, 2);
        QCOMPARE(m_queue->load().queue.queued, 2);
        QCOMPARE(m_queue->load().queue.running, 1);
        deliver(*running);
        finish(*running);
        QVERIFY(get(first).state == JobState::Succeeded);
        const auto next = m_generator->take();
        QCOMPARE(next->id, second);
        QCOMPARE(get(third).ahead, 1);
        finish(*next, protocol::generationFailed("no"));
        const auto last = m_generator->take();
        QCOMPARE(last->id, third);
        finish(*last, protocol::generationFailed("no"));
    }

    void waitsUntilTheGeneratorIsReady() {
        m_generator->setStatus({false, false, "Loading the model", "", "", ""});
        const auto id = submit();
        QVERIFY(m_generator->isIdle());
        QVERIFY(get(id).state == JobState::Queued);
        m_generator->setStatus({true, false, "", "cpu", "Manual", "fp32"});
        QCOMPARE(m_generator->take()->id, id);
    }

    void acceptsNothingForAGeneratorThatFailed() {
        m_generator->setStatus({false, true, "The model cannot be used.", "", "", ""});
        const auto job = m_queue->submit(settings(), kSomebody);
        QVERIFY(!job);
        QCOMPARE(job.error().status, 503);
        QCOMPARE(job.error().detail, std::string("The model cannot be used."));
    }

    void refusesWhenFull() {
        QueueOptions options;
        options.limits.maxQueued = 2;
        open(options);
        submit();
        QVERIFY(m_generator->take());
        submit();
        const auto waiting = submit();
        const auto refused = m_queue->submit(settings(), kSomebody);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, std::string("queue_full"));
        QCOMPARE(refused.error().status, 429);
        QVERIFY(m_queue->cancel(waiting));
        QVERIFY(m_queue->submit(settings(), kSomebody));
    }

    void sameKeySameJob() {
        const IdempotencyKey key{"k", "a fox"};
        const auto first = m_queue->submit(settings(), kSomebody, key).value();
        const auto again = m_queue->submit(settings("drawn anew"), kSomebody, key).value();
        QCOMPARE(again.id, first.id);
        QCOMPARE(again.settings.prompt, std::string("a fox"));
        const auto other = m_queue->submit(settings(), kSomebody, IdempotencyKey{"k", "a wolf"});
        QCOMPARE(other.error().status, 422);
        QCOMPARE(other.error().code, std::string("idempotency_key_reused"));
        open();
        QCOMPARE(m_queue->submit(settings(), kSomebody, key).value().id, first.id);
        QCOMPARE(m_queue->list(10).value().jobs.size(), std::size_t{1});
    }

    void cancelsAWaitingJobAtOnce() {
        submit();
        QVERIFY(m_generator->take());
        const auto waiting = submit();
        QVERIFY(m_queue->cancel(waiting).value().state == JobState::Cancelled);
        QVERIFY(m_queue->cancel(waiting).value().state == JobState::Cancelled);
        QVERIFY(!m_generator->wasCancelled(waiting));
        open();
        QVERIFY(get(waiting).state == JobState::Cancelled);
    }

    void cancelsARunningJobAtItsNextStep() {
        const auto id = submit();
        const auto request = m_generator->take();
        QVERIFY(m_queue->cancel(id).value().state == JobState::Running);
        QVERIFY(m_queue->cancel(id));
        QVERIFY(m_generator->wasCancelled(id));
        finish(*request, generator::cancelled());
        QVERIFY(get(id).state == JobState::Cancelled);
        QVERIFY(!get(id).error);
    }

    void aCancelThatComesTooLateChangesNothing() {
        const auto id = submit();
        const auto request = m_generator->take();
        QVERIFY(m_queue->cancel(id));
        deliver(*request);
        finish(*request);
        QVERIFY(get(id).state == JobState::Succeeded);
        QVERIFY(m_queue->cancel(id).value().state == JobState::Succeeded);
    }

    void aCancelledJobIsNotTriedAgain() {
        const auto id = submit();
        const auto request = m_generator->take();
        QVERIFY(m_queue->cancel(id));
        finish(*request, generator::workerLost("killed"));
        QVERIFY(get(id).state == JobState::Cancelled);
    }

    void knowsNoOtherJobs() {
        QCOMPARE(m_queue->find("j_none").error().status, 404);
        QCOMPARE(m_queue->cancel("j_none").error().status, 404);
        QCOMPARE(m_queue->remove("j_none").error().status, 404);
        QCOMPARE(m_queue->image("j_none", 0).error().status, 404);
        QCOMPARE(m_queue->subscribe("j_none", {}, [](const JobEvent&) {}).error().status, 404);
        QCOMPARE(m_queue->list(0).error().field.value_or(""), std::string("limit"));
        QCOMPARE(m_queue->list(101).error().field.value_or(""), std::string("limit"));
    }

    void aFailureIsTold() {
        const auto id = submit();
        const auto problem = protocol::generationFailed("The picture is not finite.");
        finish(*m_generator->take(), problem);
        QVERIFY(get(id).state == JobState::Failed);
        QVERIFY(get(id).error == problem);
    }

    void tooFewPicturesAreAFailure() {
        const auto id = submit("a fox", 2);
        const auto request = m_generator->take();
        deliver(*request);
        finish(*request);
        QVERIFY(get(id).state == JobState::Failed);
    }

    void removesWhatIsFinishedWaitingAndRunning() {
        const auto finished = submit();
        auto request = m_generator->take();
        deliver(*request);
        finish(*request);
        const auto path = m_queue->image(finished, 0)->path;
        const auto running = submit();
        request = m_generator->take();
        const auto waiting = submit();
        deliver(*request);
        for (const auto& id : {finished, running, waiting}) {
            QVERIFY(m_queue->remove(id));
            QCOMPARE(m_queue->find(id).error().status, 404);
            QCOMPARE(m_queue->remove(id).error().status, 404);
        }
        QVERIFY(m_generator->wasCancelled(running));
        deliver(*request);  // What the removed job still draws leaves nothing behind.
        finish(*request, generator::cancelled());
        QVERIFY(!std::filesystem::exists(path));
        QVERIFY(std::filesystem::is_empty(folder() / "images"));
        const auto next = submit();
        QCOMPARE(m_generator->take()->id, next);
    }

    void listsNewestFirstWithWhatIsLive() {
        submit();
        const auto request = m_generator->take();
        ManualGenerator::step(*request, 2);
        const auto second = submit();
        const auto page = m_queue->list(10).value();
        QCOMPARE(page.jobs.size(), std::size_t{2});
        QCOMPARE(page.jobs[0].id, second);
        QCOMPARE(page.jobs[0].ahead, 1);
        QCOMPARE(page.jobs[1].progress.step, 2);
    }
};

QTEST_GUILESS_MAIN(TestQueue)
#include "moc_queue_test.cpp"
#include "test_queue.moc"
