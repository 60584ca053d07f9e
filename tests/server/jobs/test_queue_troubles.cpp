// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <new>
#include <stdexcept>

#include <QTest>

#include "tests/server/jobs/queue_test.h"
#include "tests/support/shared_log.h"

using namespace easel;
using namespace easel::tests;

/// Lost workers and servers, clocks that jump, disks without room.
class TestQueueTroubles : public QueueTest {
    Q_OBJECT

private Q_SLOTS:
    void aLostWorkerCostsARetry() {
        const auto id = submit();
        auto request = m_generator->take();
        deliver(*request);
        finish(*request, generator::workerLost("killed"));
        QVERIFY(get(id).images.empty());
        const auto late = *request;
        request = m_generator->take();
        QCOMPARE(request->id, id);
        QCOMPARE(get(id).attempt, 2);
        ManualGenerator::step(late, 3);  // What the lost one still says goes nowhere.
        ManualGenerator::deliver(late);
        QCOMPARE(get(id).progress.step, 0);
        QVERIFY(get(id).images.empty());
        deliver(*request);
        finish(*request);
        QVERIFY(get(id).state == JobState::Succeeded);
        QCOMPARE(get(id).images.size(), std::size_t{1});
    }

    void whatWasLostTogetherIsDrawnAlone() {
        m_generator->setCapacity(3);
        std::vector<std::string> ids;
        std::vector<ManualGenerator::Request> together;
        for (int i = 0; i < 3; ++i) {
            ids.push_back(submit());
            together.push_back(*m_generator->take());
        }
        const auto poison = ids[1];
        for (const auto& request : together) {
            finish(request, generator::workerLost("killed"));
        }
        const auto later = submit();
        // Each by itself, and only the one that ends the worker is lost again.
        std::vector<std::string> order;
        for (int i = 0; i < 5; ++i) {
            const auto request = m_generator->take();
            QVERIFY(request);
            QTest::qWait(50);
            QVERIFY(m_generator->isIdle());
            order.push_back(request->id);
            if (request->id == poison) {
                finish(*request, generator::workerLost("killed"));
            } else {
                deliver(*request);
                finish(*request);
            }
        }
        QCOMPARE(std::ranges::count(order, poison), 2);
        QVERIFY(get(poison).state == JobState::Failed);
        for (const auto& id : {ids[0], ids[2], later}) {
            QVERIFY(get(id).state == JobState::Succeeded);
        }
        // And in company again.
        for (int i = 0; i < 3; ++i) {
            submit();
        }
        for (int i = 0; i < 3; ++i) {
            QVERIFY(m_generator->take());
        }
    }

    void aThirdLossIsTheEnd() {
        const auto id = submit();
        const auto other = submit();
        for (int attempt = 1; attempt <= 3; ++attempt) {
            const auto request = m_generator->take();
            QCOMPARE(request->id, id);
            finish(*request, generator::workerLost("Killed by signal 9."));
        }
        const auto job = get(id);
        QVERIFY(job.state == JobState::Failed);
        QCOMPARE(job.attempt, 3);
        QCOMPARE(job.error->code, std::string(generator::kWorkerLost));
        QCOMPARE(job.error->detail, std::string("It was tried 3 times. Killed by signal 9."));
        QCOMPARE(m_generator->take()->id, other);
    }

    void anAcceptedJobOutlivesTheProcess() {
        const auto first = submit("first");
        const auto second = submit("second");
        const auto request = m_generator->take();
        deliver(*request);
        crash();
        QVERIFY(get(second).state == JobState::Queued);
        auto again = m_generator->take();
        QCOMPARE(again->id, first);
        QCOMPARE(get(first).attempt, 2);
        deliver(*again);
        finish(*again);
        again = m_generator->take();
        QCOMPARE(again->id, second);
        QCOMPARE(get(second).attempt, 1);
        deliver(*again);
        finish(*again);
        open();
        QVERIFY(get(first).state == JobState::Succeeded);
        QCOMPARE(bytesOf(m_queue->image(second, 0)->path).size(),
                 static_cast<std::size_t>(get(second).images[0].bytes));
    }

    void aJobThatKillsTheServerIsGivenUp() {
        const auto id = submit();
        for (int attempt = 1; attempt <= 3; ++attempt) {
            QCOMPARE(m_generator->take()->id, id);
            crash();
        }
        QVERIFY(get(id).state == JobState::Failed);
        QVERIFY(get(id).error->detail.starts_with("It was tried 3 times."));
    }

    void drainLetsTheRunningJobFinish() {
        const auto running = submit();
        const auto waiting = submit();
        const auto request = m_generator->take();
        std::thread drawing([&] {
            // Not before it drains: then the other would have its turn.
            while (!m_queue->estimate(settings(), kSomebody).problem) {
                std::this_thread::sleep_for(1ms);
            }
            ManualGenerator::deliver(*request);
            ManualGenerator::finish(*request);
        });
        m_queue->drain(30s);
        drawing.join();
        QVERIFY(get(running).state == JobState::Succeeded);
        QVERIFY(get(waiting).state == JobState::Queued);
        QCOMPARE(m_queue->submit(settings(), kSomebody).error().status, 503);
        QVERIFY(m_generator->isIdle());
    }

    void drainLetsGoOfWhatWaitsToBeTakenIn() {
        std::promise<void> began;
        std::promise<void> goesOn;
        std::atomic<int> taken = 0;
        QVERIFY(m_queue->takeIn([&] {
            began.set_value();
            goesOn.get_future().wait();
            ++taken;
        }));
        began.get_future().wait();
        const auto waiting = std::make_shared<int>();
        QVERIFY(m_queue->takeIn([&, waiting] { ++taken; }));
        std::thread draining([&] { m_queue->drain(0ms); });
        QTRY_COMPARE(waiting.use_count(), 1L);
        goesOn.set_value();
        draining.join();
        QCOMPARE(taken.load(), 1);
        QVERIFY(!m_queue->takeIn([&] { ++taken; }));
    }

    void whatThrowsOnItsThreadsEndsNothingElse() {
        SharedLog log;
        std::atomic<bool> hasThrown = false;
        QueueOptions options;
        options.log = log.writer();
        options.obstacle = [&](const protocol::GenerationSettings&) -> std::optional<protocol::Hold> {
            if (!hasThrown.exchange(true)) {
                throw std::runtime_error("a folder that vanished");
            }
            return {};
        };
        open(options);
        QVERIFY(m_queue->takeIn([] { throw std::bad_alloc(); }));
        QVERIFY(QTest::qWaitFor([&] { return log.contains("could not be taken in: "); }, kPatienceMs));
        const auto id = submit();
        const auto bad = m_queue->subscribe(
            id, {}, [](const JobEvent&) { throw std::runtime_error("a listener without memory"); });
        Diary diary;
        const auto good = m_queue->subscribe(id, {}, diary.writer());
        QCOMPARE(drawNext(), id);
        QVERIFY(waitForState(id, JobState::Succeeded));
        QVERIFY(hasThrown);
        QVERIFY2(log.contains("a folder that vanished"), log.text().c_str());
        QVERIFY2(log.contains("a listener without memory"), log.text().c_str());
        const auto isTold = [&] {
            const auto events = diary.events();
            return !events.empty() && isLast(events.back());
        };
        QVERIFY(QTest::qWaitFor(isTold, kPatienceMs));
        m_queue.reset();  // It reads `hasThrown`.
    }

    void drainGivesBackWhatTakesTooLong() {
        const auto id = submit();
        const auto request = m_generator->take();
        m_queue->drain(0ms);
        QVERIFY(get(id).state == JobState::Queued);
        QVERIFY(m_generator->wasCancelled(id));
        deliver(*request);  // Too late.
        finish(*request);
        QVERIFY(get(id).state == JobState::Queued);
        for (int restart = 0; restart < 3; ++restart) {  // Giving back is no loss.
            open();
            QCOMPARE(m_generator->take()->id, id);
            m_queue->drain(0ms);
        }
        open();
        const auto last = m_generator->take();
        deliver(*last);
        finish(*last);
        QVERIFY(get(id).state == JobState::Succeeded);
    }

    void forgetsWhatIsTooOld() {
        const auto old = submit();
        auto request = m_generator->take();
        deliver(*request);
        finish(*request);
        const auto waiting = submit();
        QueueOptions options;
        options.retention.maxJobs = 0;
        open(options);
        QVERIFY(QTest::qWaitFor([&] { return !m_queue->find(old); }, kPatienceMs));
        QVERIFY(QTest::qWaitFor([&] { return std::filesystem::is_empty(folder() / "images"); }, kPatienceMs));
        QVERIFY(m_queue->find(waiting));
    }

    void aClockThatJumpsDeletesNothing() {
        const auto id = submit();
        drawNext();
        constexpr std::int64_t kDay = 24 * 60 * 60 * 1000;
        for (const std::int64_t days : {8, 4'000, -40}) {
            QueueOptions options;
            options.now = [=] { return protocol::millisecondsNow() + days * kDay; };
            options.sweepInterval = 1ms;
            open(options);
            const auto other = submit();  // which finishes at that time
            QCOMPARE(drawNext(), other);
            QVERIFY(waitForState(other, JobState::Succeeded));
            QTest::qWait(20);
            QVERIFY(m_queue->find(id));
            QVERIFY(m_queue->image(id, 0));
        }
        open();
        QVERIFY(m_queue->find(id));
        QCOMPARE(m_queue->list(10).value().jobs.size(), std::size_t{4});
    }

    void noTimeIsBeforeAnEarlierOne() {
        std::atomic<std::int64_t> back = 0;
        QueueOptions options;
        options.now = [&] { return protocol::millisecondsNow() - back; };
        open(options);
        const auto id = submit();
        const auto waiting = submit();
        const auto request = m_generator->take();
        back = 3'600'000;
        deliver(*request);
        finish(*request);
        const auto job = get(id);
        QVERIFY(job.startedAt.value() >= job.createdAt);
        QVERIFY(job.finishedAt.value() >= job.startedAt.value());
        const auto next = m_generator->take();
        QCOMPARE(next->id, waiting);
        QVERIFY(get(waiting).startedAt.value() >= get(waiting).createdAt);
        finish(*next, protocol::generationFailed("no"));
    }

    void eventNumbersNeverFall() {
        const auto id = submit();
        drawNext();
        std::uint64_t last = 0;
        constexpr std::int64_t kHour = 60 * 60 * 1000;
        for (const bool isKilled : {false, true, false}) {
            QueueOptions options;
            options.now = [hours = last] {
                return protocol::millisecondsNow() - (hours ? 40 * 24 * kHour : 0);
            };
            open(options);
            Diary diary;
            const auto subscription = m_queue->subscribe(id, {}, diary.writer());
            QVERIFY(diary.waitFor(1));
            QVERIFY(diary.events()[0].sequence > last);
            last = diary.events()[0].sequence;
            const auto running = submit();
            const auto request = m_generator->take();
            Diary other;
            const auto second = m_queue->subscribe(running, {}, other.writer());
            QVERIFY(other.waitFor(1));
            QVERIFY(other.events()[0].sequence > last);
            deliver(*request);
            finish(*request);
            QVERIFY(other.waitFor(3));
            last = std::max(last, other.events().back().sequence);
            if (isKilled) {
                crash();
            } else {
                m_queue->drain(0ms);
            }
        }
    }

    void imagesWithoutAJobAreSetAside() {
        const auto images = folder() / "images";
        const std::vector<std::filesystem::path> strangers{"holiday/beach.jpg", "j_short/0.png",
                                                           "letter.txt"};
        for (const auto& stranger : strangers) {
            std::filesystem::create_directories((images / stranger).parent_path());
            std::ofstream(images / stranger) << "x";
        }
        std::filesystem::create_directories(images / "j_0123456789abcdef");
        std::filesystem::create_directories(images / "j_0123456789abcdeg");
        std::ofstream(images / "j_0123456789abcdef" / "0.png") << "x";
        std::ofstream(images / "j_0123456789abcdef" / "1.png") << "x";
        std::ofstream(images / "j_0123456789abcdeg" / "0.png.part") << "x";
        SharedLog log;
        QueueOptions options;
        options.log = log.writer();
        open(options);
        for (const auto& stranger : strangers) {
            QVERIFY(std::filesystem::exists(images / stranger));
        }
        QVERIFY(!std::filesystem::exists(images / "j_0123456789abcdef"));
        QVERIFY(!std::filesystem::exists(images / "j_0123456789abcdeg"));  // held a draft alone
        QVERIFY(std::filesystem::exists(folder() / "set-aside" / "j_0123456789abcdef" / "1.png"));
        QCOMPARE(m_queue->load().setAside, 2);
        QVERIFY2(log.text().starts_with("2 pictures"), log.text().c_str());
        open();
        QCOMPARE(m_queue->load().setAside, 2);
    }

    void deletingLeavesOthersFiles() {
        const auto id = submit();
        drawNext();
        QVERIFY(waitForState(id, JobState::Succeeded));
        const auto note = folder() / "images" / id / "note.txt";
        std::ofstream(note) << "x";
        QVERIFY(m_queue->remove(id));
        QVERIFY(std::filesystem::exists(note));
        QVERIFY(!std::filesystem::exists(folder() / "images" / id / "0.png"));
    }

    void aPictureThatCannotBeKeptFailsTheJob() {
        const auto id = submit("a fox", 2);
        const auto request = m_generator->take();
        std::filesystem::remove_all(folder() / "images");
        std::ofstream(folder() / "images") << "not a folder";
        deliver(*request);
        QVERIFY(m_generator->wasCancelled(id));
        finish(*request, generator::cancelled());
        const auto job = get(id);
        QVERIFY(job.state == JobState::Failed);
        QVERIFY2(job.error->detail.starts_with("The picture could not be kept"), job.error->detail.c_str());
    }

    void aFullDiskIsSaidToBeFull() {
        if (!std::filesystem::exists("/dev/full")) {
            QSKIP("There is no /dev/full here.");
        }
        const auto id = submit();
        const auto request = m_generator->take();
        std::filesystem::create_directory(folder() / "images" / id);
        std::filesystem::create_symlink("/dev/full", folder() / "images" / id / "0.png.part");
        deliver(*request);
        finish(*request, generator::cancelled());
        QVERIFY(get(id).state == JobState::Queued);
        std::filesystem::remove(folder() / "images" / id / "0.png.part");
        drawNext();
        QVERIFY(waitForState(id, JobState::Succeeded));
        QCOMPARE(get(id).attempt, 2);
    }

    void aPictureWithoutRoomThatNobodyWantsIsCancelled() {
        if (!std::filesystem::exists("/dev/full")) {
            QSKIP("There is no /dev/full here.");
        }
        const auto id = submit();
        const auto request = m_generator->take();
        std::filesystem::create_directory(folder() / "images" / id);
        std::filesystem::create_symlink("/dev/full", folder() / "images" / id / "0.png.part");
        deliver(*request);
        QVERIFY(m_queue->cancel(id));
        finish(*request, generator::cancelled());
        QVERIFY(get(id).state == JobState::Cancelled);
    }

    void belowTheFloorNothingIsAcceptedOrDrawn() {
        std::atomic<std::int64_t> free = 200 << 20;
        std::atomic<int> told = 0;
        QueueOptions options;
        options.disk = {.minFreeBytes = 128 << 20,
                        .freeBytes = [&] { return free.load(); },
                        .reserve = folder() / "reserve"};
        options.log = [&](const std::string&) { ++told; };
        open(options);
        QVERIFY(!m_queue->load().disk);
        QCOMPARE(std::filesystem::file_size(folder() / "reserve"), std::uintmax_t{512 * 1024});
        const auto running = submit();
        const auto request = m_generator->take();
        const auto waiting = submit();
        free = 12 << 20;
        QCOMPARE(m_queue->load().disk->code, std::string("no_space"));
        const auto refused = m_queue->submit(settings(), kSomebody);
        QVERIFY(!refused);
        QCOMPARE(refused.error().status, 507);
        QVERIFY2(refused.error().detail.find("12 MiB free, and 128 MiB") != std::string::npos,
                 refused.error().detail.c_str());
        // What is drawn may end; what waits goes on waiting, through a restart too.
        deliver(*request);
        finish(*request);
        QVERIFY(waitForState(running, JobState::Succeeded));
        QVERIFY(QTest::qWaitFor([&] { return told == 1; }, kPatienceMs));
        QVERIFY(m_generator->isIdle());
        open(options);
        QVERIFY(QTest::qWaitFor([&] { return told == 2; }, kPatienceMs));
        QVERIFY(m_generator->isIdle());
        QVERIFY(waitForState(waiting, JobState::Held));
        QVERIFY(get(waiting).hold->reason == protocol::HoldReason::DiskLow);
        QVERIFY2(get(waiting).hold->detail.find("12 MiB free") != std::string::npos,
                 get(waiting).hold->detail.c_str());
        QCOMPARE(m_queue->state().held, 1);
        QVERIFY(m_queue->remove(running));
        free = 200 << 20;
        drawNext();
        QVERIFY(waitForState(waiting, JobState::Succeeded));
        QCOMPARE(told.load(), 3);
        m_queue.reset();  // It reads `free`.
    }
};

QTEST_GUILESS_MAIN(TestQueueTroubles)
#include "moc_queue_test.cpp"
#include "test_queue_troubles.moc"
