// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/image/jpeg.h"
#include "tests/server/jobs/queue_test.h"

using namespace easel;
using namespace easel::tests;

/// Who follows what.
class TestQueueEvents : public QueueTest {
    Q_OBJECT

private Q_SLOTS:
    void tellsAJobsLifeInOrder() {
        submit();
        const auto blocker = m_generator->take();
        const auto id = submit();
        Diary diary;
        const auto subscription = m_queue->subscribe(id, {}, diary.writer());
        QVERIFY(diary.waitFor(1));
        finish(*blocker, protocol::generationFailed("no"));
        const auto request = m_generator->take();
        ManualGenerator::step(*request, 1);
        ManualGenerator::step(*request, 2);
        deliver(*request);
        finish(*request);
        QVERIFY(diary.waitFor(7));
        QCOMPARE(diary.types(), std::string("state state state progress progress image done "));
        const auto events = diary.events();
        QCOMPARE(jobOf(events[0]).ahead, 1);
        QCOMPARE(jobOf(events[1]).ahead, 0);
        QVERIFY(jobOf(events[2]).state == JobState::Running);
        QVERIFY(!std::get<protocol::Progress>(events[3].news).etaSeconds);
        QVERIFY(std::get<protocol::Progress>(events[4].news).etaSeconds);
        QVERIFY(jobOf(events[6]).state == JobState::Succeeded);
        QVERIFY(jobOf(events[6]) == get(id));
        for (std::size_t i = 1; i < events.size(); ++i) {
            QVERIFY(events[i].sequence > events[i - 1].sequence);
        }
    }

    void aFollowerCanJoinAtAnyTime() {
        const auto id = submit();
        const auto request = m_generator->take();
        ManualGenerator::step(*request, 1);
        Diary early;
        auto subscription = m_queue->subscribe(id, {}, early.writer());
        QVERIFY(early.waitFor(1));
        const auto seen = early.events()[0].sequence;
        QCOMPARE(jobOf(early.events()[0]).progress.step, 1);

        // One who has seen the latest event is told only what comes after it.
        Diary upToDate;
        const auto second = m_queue->subscribe(id, seen, upToDate.writer());
        subscription = {};
        ManualGenerator::step(*request, 2);
        QVERIFY(upToDate.waitFor(1));
        QVERIFY(std::holds_alternative<protocol::Progress>(upToDate.events()[0].news));
        QVERIFY(upToDate.events()[0].sequence > seen);

        // One who has missed something is told the whole job.
        Diary behind;
        const auto third = m_queue->subscribe(id, seen, behind.writer());
        QVERIFY(behind.waitFor(1));
        QVERIFY(std::holds_alternative<protocol::Job>(behind.events()[0].news));
        QCOMPARE(jobOf(behind.events()[0]).progress.step, 2);

        finish(*request, protocol::generationFailed("no"));
        QVERIFY(upToDate.waitFor(2));
        QCOMPARE(early.events().size(), std::size_t{1});  // It had left.
    }

    void aFinishedJobIsToldAsDone() {
        const auto id = submit();
        const auto request = m_generator->take();
        Diary live;
        const auto first = m_queue->subscribe(id, {}, live.writer());
        deliver(*request);
        finish(*request);
        QVERIFY(live.waitFor(3));
        open();
        Diary diary;
        const auto second = m_queue->subscribe(id, live.events().back().sequence, diary.writer());
        QVERIFY(diary.waitFor(1));
        QCOMPARE(diary.types(), std::string("done "));
        QVERIFY(jobOf(diary.events()[0]) == get(id));
        QVERIFY(diary.events()[0].sequence > live.events().back().sequence);
    }

    void aFollowerMayCallTheQueue() {
        const auto id = submit();
        const auto request = m_generator->take();
        std::atomic<bool> called = false;
        const auto subscription = m_queue->subscribe(id, {}, [&](const JobEvent& event) {
            static_cast<void>(m_queue->find(event.job));
            static_cast<void>(m_queue->cancel(event.job));
            called = true;
        });
        QVERIFY(QTest::qWaitFor([&] { return called.load(); }, kPatienceMs));
        QVERIFY(m_generator->wasCancelled(id));
        finish(*request, generator::cancelled());
    }

    void previewsAreSmallAndKeptNowhere() {
        const auto id = submit();
        const auto request = m_generator->take();
        Diary diary;
        const auto subscription = m_queue->subscribe(id, {}, diary.writer());
        QVERIFY(diary.waitFor(1));
        m_generator->show(*request, 2);
        QVERIFY(diary.waitFor(2));
        QCOMPARE(diary.types(), std::string("state preview "));
        const auto preview = std::get<protocol::Preview>(diary.events()[1].news);
        QCOMPARE(diary.events()[1].job, id);
        QCOMPARE(preview.step, 2);
        QCOMPARE(preview.steps, 4);
        QCOMPARE(preview.contentType, std::string("image/jpeg"));
        const auto shown = image::decodeJpeg(
            {reinterpret_cast<const std::uint8_t*>(preview.bytes.data()), preview.bytes.size()});
        QVERIFY(shown);
        QCOMPARE(shown->picture.image.width, preview.width);
        QCOMPARE(shown->picture.image.height, preview.height);
        QCOMPARE(preview.width, 8);
        Diary late;
        const auto second = m_queue->subscribe(id, diary.events()[1].sequence, late.writer());
        deliver(*request);
        finish(*request);
        QVERIFY(diary.waitFor(4));
        QCOMPARE(diary.types(), std::string("state preview image done "));
        QVERIFY(late.waitFor(2));
        QCOMPARE(late.types(), std::string("image done "));
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
            QVERIFY2(entry.path().extension() != ".jpg", entry.path().c_str());
        }
    }

    /// One that comes late shows nothing of what is drawn now.
    void previewsOfAnEarlierAttemptAreNotShown() {
        const auto id = submit();
        const auto lost = m_generator->take();
        finish(*lost, generator::workerLost("It died."));
        const auto request = m_generator->take();
        Diary diary;
        const auto subscription = m_queue->subscribe(id, {}, diary.writer());
        QVERIFY(diary.waitFor(1));
        m_generator->show(*lost, 1);
        m_generator->show(*request, 3);
        QVERIFY(diary.waitFor(2));
        QCOMPARE(std::get<protocol::Preview>(diary.events()[1].news).step, 3);
        finish(*request, generator::cancelled());
    }

    /// Whoever is told of a picture can read it at once, and it is all there.
    void picturesAreToldWhenTheyCanBeRead() {
        const auto id = submit("a fox", 2);
        const auto request = m_generator->take();
        std::atomic<int> readable = 0;
        Diary diary;
        const auto subscription =
            m_queue->subscribe(id, {}, [&, write = diary.writer()](const JobEvent& event) {
                for (int index = 0; index < 2; ++index) {
                    const auto stored = m_queue->image(id, index);
                    readable += stored && image::decodePng(bytesOf(stored->path)) ? 1 : 0;
                }
                write(event);
            });
        QVERIFY(diary.waitFor(1));
        deliver(*request, 0);
        QVERIFY(diary.waitFor(2));
        QCOMPARE(readable.exchange(0), 1);
        ManualGenerator::deliver(*request, 1);
        ManualGenerator::finish(*request);
        QVERIFY(diary.waitFor(4));
        QCOMPARE(diary.types(), std::string("state image image done "));
        QCOMPARE(readable.load(), 4);
    }

    void oneStreamTellsOfAllOfAClientsJobs() {
        Diary diary;
        const auto subscription = m_queue->subscribeToAll("me", {}, diary.writer());
        const auto first = submitAs("me");
        QVERIFY(diary.waitFor(1));
        submitAs("other");
        const auto second = submitAs("me");
        drawNext();
        QVERIFY(m_queue->cancel(second));
        QVERIFY(QTest::qWaitFor(
            [&] {
                const auto events = diary.events();
                return std::ranges::count_if(events, protocol::isLast) == 2;
            },
            kPatienceMs));
        std::uint64_t last = 0;
        for (const JobEvent& event : diary.events()) {
            QVERIFY(event.job == first || event.job == second);
            QVERIFY(event.sequence > last);
            last = event.sequence;
        }
    }

    void oneStreamTellsOfEverybodysJobs() {
        const auto before = submitAs("me");
        Diary diary;
        const auto all = m_queue->subscribeToAll({}, {}, diary.writer());
        QVERIFY(diary.waitFor(1));
        const auto other = submitAs("other");
        QVERIFY(m_queue->cancel(other));
        QVERIFY(QTest::qWaitFor([&] { return isLast(diary.events().back()); }, kPatienceMs));
        QCOMPARE(diary.events()[0].job, before);
        QCOMPARE(diary.events().back().job, other);
        Diary later;
        const auto again = m_queue->subscribeToAll({}, diary.events()[0].sequence, later.writer());
        const auto isItsEnd = [&other](const JobEvent& event) { return event.job == other && isLast(event); };
        QVERIFY(QTest::qWaitFor([&] { return std::ranges::any_of(later.events(), isItsEnd); }, kPatienceMs));
    }

    /// What ended while nobody listened, and while no server ran, is told to who comes back.
    void aStreamOfAllIsTakenUpAfterARestart() {
        const auto first = submitAs("me");
        const auto second = submitAs("me");
        submitAs("other");
        const auto request = m_generator->take();
        Diary before;
        auto subscription = m_queue->subscribeToAll("me", {}, before.writer());
        QVERIFY(before.waitFor(2));
        const auto seen = before.events().back().sequence;
        subscription = {};
        deliver(*request);
        finish(*request);
        crash();
        Diary after;
        const auto again = m_queue->subscribeToAll("me", seen, after.writer());
        QVERIFY(after.waitFor(2));
        const auto events = after.events();
        QCOMPARE(events[0].job, first);
        QVERIFY(isLast(events[0]));
        QVERIFY(jobOf(events[0]) == get(first));
        QCOMPARE(events[1].job, second);
        Diary upToDate;
        const auto third = m_queue->subscribeToAll("me", events[0].sequence, upToDate.writer());
        QVERIFY(upToDate.waitFor(1));
        QCOMPARE(upToDate.events()[0].job, second);
    }
};

QTEST_GUILESS_MAIN(TestQueueEvents)
#include "moc_queue_test.cpp"
#include "test_queue_events.moc"
