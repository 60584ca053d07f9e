// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <QTemporaryDir>
#include <QTest>

#include "server/image/png.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/sqlite_job_store.h"
#include "shared/protocol/infotext.h"
#include "tests/server/jobs/manual_generator.h"

using namespace easel;
using namespace easel::jobs;
using namespace std::chrono_literals;
using protocol::JobEvent;
using protocol::JobState;

namespace {

constexpr int kPatienceMs = 30'000;
const std::string kSomebody = "192.0.2.1";

/// The events of one job, in the order in which they were told.
class Diary {
public:
    std::function<void(const JobEvent&)> writer() {
        return [entries = m_entries](const JobEvent& event) {
            const std::scoped_lock lock(entries->mutex);
            entries->events.push_back(event);
        };
    }
    std::vector<JobEvent> events() const {
        const std::scoped_lock lock(m_entries->mutex);
        return m_entries->events;
    }
    bool waitFor(std::size_t count) const {
        return QTest::qWaitFor([&] { return events().size() >= count; }, kPatienceMs);
    }
    std::string types() const {
        std::string text;
        for (const JobEvent& event : events()) {
            text += std::string(nameOf(event)) + " ";
        }
        return text;
    }

private:
    struct Entries {
        std::mutex mutex;
        std::vector<JobEvent> events;
    };
    std::shared_ptr<Entries> m_entries = std::make_shared<Entries>();
};

protocol::GenerationSettings settings(const std::string& prompt = "a fox", int count = 1) {
    protocol::GenerationSettings made;
    made.model = "starter";
    made.prompt = prompt;
    made.width = 64;
    made.height = 64;
    made.steps = 4;
    made.sampler = "pndm";
    made.seed = 42;
    made.count = count;
    return made;
}

const protocol::Job& jobOf(const JobEvent& event) {
    return std::get<protocol::Job>(event.news);
}

std::vector<std::uint8_t> bytesOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

class TestQueue : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<JobQueue> m_queue;
    ManualGenerator* m_generator = nullptr;  // m_queue's

    std::filesystem::path folder() const { return m_folder->path().toStdString(); }

    void open(QueueOptions options = {}) {
        m_queue.reset();
        auto store = openSqliteJobStore(folder() / "jobs.sqlite");
        auto images = ImageFolder::open(folder() / "images");
        auto generator = std::make_unique<ManualGenerator>();
        m_generator = generator.get();
        auto queue = JobQueue::open(std::move(*store), std::move(*images), std::move(generator), options);
        QVERIFY(queue);
        m_queue = std::move(*queue);
    }

    std::string submit(const std::string& prompt = "a fox", int count = 1) {
        const auto job = m_queue->submit(settings(prompt, count), kSomebody);
        return job ? job->id : "";
    }

    std::string submitAs(const std::string& owner, const protocol::GenerationSettings& wish = settings()) {
        const auto job = m_queue->submit(wish, owner);
        return job ? job->id : job.error().code;
    }

    /// Hands in a picture and waits until it is kept, or is not to be.
    void deliver(const ManualGenerator::Request& request, int index = 0) {
        afterwards(
            request, [&] { ManualGenerator::deliver(request, index); },
            [&](const protocol::Job& job) {
                return std::ranges::count(job.images, index, &protocol::ImageInfo::index) > 0 ||
                       m_generator->wasCancelled(request.id);
            });
    }
    /// Ends a request and waits until its job has become what it becomes.
    void finish(const ManualGenerator::Request& request,
                const std::optional<protocol::Problem>& problem = {}) {
        afterwards(
            request, [&] { ManualGenerator::finish(request, problem); },
            [](const protocol::Job&) { return false; });
    }
    /// Waits until it is so, or the job is not running any more as it was before.
    template <typename Act, typename IsSo>
    void afterwards(const ManualGenerator::Request& request, Act act, IsSo isSo) {
        const auto before = m_queue->find(request.id);
        act();
        QVERIFY(QTest::qWaitFor(
            [&] {
                const auto now = m_queue->find(request.id);
                return !now || now->state != JobState::Running || now->attempt != before->attempt ||
                       isSo(*now);
            },
            kPatienceMs));
    }

    /// Draws the next job and answers its id.
    std::string drawNext() {
        const auto request = m_generator->take();
        deliver(*request);
        finish(*request);
        return request->id;
    }

    protocol::Job get(const std::string& id) { return m_queue->find(id).value(); }

    bool waitForState(const std::string& id, JobState state) {
        return QTest::qWaitFor([&] { return get(id).state == state; }, kPatienceMs);
    }

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        open();
    }
    void cleanup() {
        m_queue.reset();
        m_folder.reset();
    }

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
        std::string log;
        QueueOptions options;
        options.log = [&log](const std::string& text) { log += text; };
        open(options);
        for (const auto& stranger : strangers) {
            QVERIFY(std::filesystem::exists(images / stranger));
        }
        QVERIFY(!std::filesystem::exists(images / "j_0123456789abcdef"));
        QVERIFY(!std::filesystem::exists(images / "j_0123456789abcdeg"));  // held a draft alone
        QVERIFY(std::filesystem::exists(folder() / "set-aside" / "j_0123456789abcdef" / "1.png"));
        QCOMPARE(m_queue->load().setAside, 2);
        QVERIFY2(log.starts_with("2 pictures"), log.c_str());
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

private:
    /// Opens what the disk holds at this moment, as after SIGKILL. The old queue ends beside it, on its own
    /// copy, so that nothing it does in its destructor counts.
    void crash() {
        auto copy = std::make_unique<QTemporaryDir>();
        std::filesystem::copy(
            folder(), copy->path().toStdString(),
            std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
        m_queue.reset();
        m_folder = std::move(copy);
        open();
    }
};

QTEST_GUILESS_MAIN(TestQueue)
#include "test_queue.moc"
