// SPDX-License-Identifier: Apache-2.0
#include "tests/server/jobs/job_store_conformance.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <QTest>

#include "tests/server/jobs/job_records.h"

using namespace easel;
using namespace easel::jobs;
using namespace easel::tests;
using protocol::JobState;

protocol::Job JobStoreConformance::add(const std::string& id) {
    const auto job = jobNamed(id);
    if (!m_store->add(recordOf(job))) {
        qFatal("The job could not be added.");
    }
    return job;
}

protocol::Expected<bool> JobStoreConformance::claim(const std::string& id, int attempt, std::int64_t now,
                                                    std::int64_t ownerUsed) {
    return m_store->claim(id, attempt, kLease, now, ownerUsed);
}

JobRecord JobStoreConformance::get(const std::string& id) {
    return m_store->find(id).value().value();
}

void JobStoreConformance::runToEnd(const std::string& id, std::int64_t now, std::int64_t bytes) {
    add(id);
    QVERIFY(claim(id, 1, now, 0).value());
    QVERIFY(m_store->addImage(id, 1, image(0, bytes)).value());
    QVERIFY(m_store->finish(id, 1, ending(JobState::Succeeded, now, now)).value());
}

void JobStoreConformance::keepsWhatWasAdded() {
    const auto job = add("a");
    QVERIFY(get("a").job == job);
    reopen();
    QVERIFY(get("a").job == job);
    QCOMPARE(get("a").losses, 0);
    QVERIFY(!get("a").key);
}

void JobStoreConformance::keepsWhatWasDone() {
    auto job = add("a");
    QVERIFY(claim("a", 1, 2000, 0).value());
    QVERIFY(m_store->addImage("a", 1, image(1)).value());
    QVERIFY(m_store->addImage("a", 1, image(0)).value());
    job.state = JobState::Running;
    job.attempt = 1;
    job.startedAt = 2000;
    job.images = {image(0), image(1)};
    reopen();
    QVERIFY(get("a").job == job);
    QVERIFY(m_store->finish("a", 1, ending(JobState::Succeeded, 3000, 3000)).value());
    job.state = JobState::Succeeded;
    job.finishedAt = 3000;
    reopen();
    QVERIFY(get("a").job == job);
}

void JobStoreConformance::keepsWhoAskedAndWhatTheyUsed() {
    QVERIFY(m_store->used().value().empty());
    const auto add = [this](const char* id, const char* owner, std::int64_t used) {
        return m_store->add({jobNamed(id), 0, {}, owner, used, 0}).has_value();
    };
    QVERIFY(add("a", "192.0.2.1", 0) && add("b", "192.0.2.1", 5) && add("c", "192.0.2.2", 7));
    QVERIFY(claim("a", 1, 1, 9).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(claim("a", 2, 1, 0).value());  // never less than before
    reopen();
    QCOMPARE(get("c").owner, std::string("192.0.2.2"));
    QCOMPARE(m_store->unfinished().value().front().owner, std::string("192.0.2.1"));
    QCOMPARE(m_store->used().value(),
             (std::map<std::string, std::int64_t>{{"192.0.2.1", 9}, {"192.0.2.2", 7}}));
}

void JobStoreConformance::knowsNoOtherJobs() {
    QVERIFY(!m_store->find("a").value());
    QVERIFY(!m_store->findByKey("a").value());
    QVERIFY(!claim("a", 1, 0, 0).value());
    QVERIFY(!m_store->addImage("a", 0, image(0)).value());
    QVERIFY(!m_store->requeue("a", 0, Requeue::Lost).value());
    QVERIFY(!m_store->finish("a", 0, ending(JobState::Cancelled, 0, 0)).value());
    QVERIFY(!m_store->remove("a").value());
}

void JobStoreConformance::pagesNewestFirst() {
    for (const char* id : {"a", "b", "c", "d", "e"}) {
        add(id);
    }
    const auto first = m_store->list(2, {}, {}).value();
    QCOMPARE(ids(first.jobs), (Ids{"e", "d"}));
    const auto second = m_store->list(2, first.next, {}).value();
    QCOMPARE(ids(second.jobs), (Ids{"c", "b"}));
    const auto third = m_store->list(2, second.next, {}).value();
    QCOMPARE(ids(third.jobs), (Ids{"a"}));
    QVERIFY(!third.next);
    QVERIFY(!m_store->list(5, {}, {}).value().next);
}

void JobStoreConformance::pagesSurviveRemovals() {
    for (const char* id : {"a", "b", "c", "d"}) {
        add(id);
    }
    const auto first = m_store->list(2, {}, {}).value();
    QVERIFY(m_store->remove("c").value());
    add("e");
    QCOMPARE(ids(m_store->list(2, first.next, {}).value().jobs), (Ids{"b", "a"}));
}

void JobStoreConformance::refusesAForeignCursor() {
    for (const char* cursor : {"", "x", "12x", "99999999999999999999"}) {
        const auto page = m_store->list(2, cursor, {});
        QVERIFY(!page);
        QCOMPARE(page.error().field.value_or(""), std::string("before"));
    }
}

void JobStoreConformance::listsOneOwnersJobsInPagesOfTheirOwn() {
    for (const char* id : {"a1", "b1", "a2", "b2", "b3", "a3", "b4"}) {
        JobRecord record = recordOf(jobNamed(id));
        record.owner = id[0] == 'a' ? "key:anna" : "key:ben";
        QVERIFY(m_store->add(record));
    }
    const auto first = m_store->list(2, {}, "key:anna").value();
    QCOMPARE(ids(first.jobs), (Ids{"a3", "a2"}));
    QVERIFY(first.next);
    const auto second = m_store->list(2, first.next, "key:anna").value();
    QCOMPARE(ids(second.jobs), (Ids{"a1"}));
    QVERIFY(!second.next);
    // A page of another's, or of all, goes on in his, too.
    const auto all = m_store->list(2, {}, {}).value();
    QCOMPARE(ids(all.jobs), (Ids{"b4", "a3"}));
    QCOMPARE(ids(m_store->list(9, all.next, "key:anna").value().jobs), (Ids{"a2", "a1"}));
    QCOMPARE(ids(m_store->list(9, {}, "key:ben").value().jobs), (Ids{"b4", "b3", "b2", "b1"}));
    // Not what merely looks like the owner, nor everybody for a name that is empty.
    for (const char* nobody : {"key:ann", "key:anna ", "KEY:ANNA", "", "%"}) {
        QVERIFY(m_store->list(9, {}, nobody).value().jobs.empty());
    }
}

void JobStoreConformance::listsTheUnfinishedOldestFirst() {
    for (const char* id : {"a", "b", "c", "d"}) {
        add(id);
    }
    QVERIFY(m_store->finish("b", 0, ending(JobState::Cancelled, 1, 1)).value());
    QVERIFY(claim("c", 1, 1, 0).value());
    QVERIFY(m_store->requeue("c", 1, Requeue::GivenBack).value());
    QVERIFY(claim("d", 1, 1, 0).value());
    std::vector<protocol::Job> jobs;
    const auto records = m_store->unfinished().value();
    for (const auto& record : records) {
        jobs.push_back(record.job);
    }
    QCOMPARE(ids(jobs), (Ids{"a", "c", "d"}));
    QVERIFY(jobs[1].state == JobState::Queued);
    QVERIFY(jobs[2].state == JobState::Running);
}

void JobStoreConformance::startsAnAttemptOnce() {
    add("a");
    QVERIFY(!claim("a", 2, 1, 0).value());
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(!claim("a", 1, 1, 0).value());
    QVERIFY(!claim("a", 2, 1, 0).value());
}

void JobStoreConformance::refusesALateWorker() {
    add("a");
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(!m_store->addImage("a", 1, image(0)).value());  // not running
    QVERIFY(!m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(claim("a", 2, 2, 0).value());
    QVERIFY(m_store->addImage("a", 2, image(0, 7)).value());
    const auto before = get("a").job;
    QVERIFY(!m_store->addImage("a", 1, image(0, 8)).value());
    QVERIFY(
        !m_store->finish("a", 1, ending(JobState::Failed, 3, 3, protocol::internalError("late"))).value());
    QVERIFY(!m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(get("a").job == before);
    QVERIFY(m_store->finish("a", 2, ending(JobState::Succeeded, 3, 3)).value());
    QVERIFY(!m_store->addImage("a", 2, image(1)).value());  // finished
}

void JobStoreConformance::requeueForgetsImages() {
    add("a");
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(m_store->addImage("a", 1, image(0)).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::Lost).value());
    const auto job = get("a").job;
    QVERIFY(job.images.empty());
    QVERIFY(job.state == JobState::Queued);
    QCOMPARE(job.attempt, 1);
    QVERIFY(!job.startedAt);
}

void JobStoreConformance::countsLossesOnly() {
    add("a");
    for (int attempt = 1; attempt <= 3; ++attempt) {
        QVERIFY(claim("a", attempt, 1, 0).value());
        QVERIFY(m_store->requeue("a", attempt, attempt == 2 ? Requeue::GivenBack : Requeue::Lost).value());
    }
    reopen();
    QCOMPARE(get("a").losses, 2);
}

void JobStoreConformance::finishesOnce() {
    add("a");
    QVERIFY(m_store->finish("a", 0, ending(JobState::Cancelled, 5, 5)).value());
    QVERIFY(!m_store->finish("a", 0, ending(JobState::Failed, 6, 6)).value());
    QVERIFY(!claim("a", 1, 6, 0).value());
    QVERIFY(get("a").job.state == JobState::Cancelled);
    QCOMPARE(get("a").job.finishedAt, std::optional<std::int64_t>(5));
}

void JobStoreConformance::keepsTheProblem() {
    add("a");
    const auto problem = protocol::generationFailed("The picture came out \"non-finite\".");
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(m_store->finish("a", 1, ending(JobState::Failed, 2, 2, problem)).value());
    reopen();
    QVERIFY(get("a").job.error == problem);
}

void JobStoreConformance::sameKeySameJob() {
    const auto first = jobNamed("a");
    const auto second = jobNamed("b");
    const IdempotencyKey key{"k", R"({"prompt":"a fox"})"};
    QCOMPARE(m_store->add(recordOf(first, key)).value().job.id, std::string("a"));
    reopen();
    QCOMPARE(m_store->add(recordOf(second, key)).value().job.id, std::string("a"));
    const IdempotencyKey changed{"k", R"({"prompt":"a wolf"})"};
    QVERIFY(m_store->add(recordOf(second, changed)).value().key == key);
    QVERIFY(!m_store->find("b").value());
    QCOMPARE(m_store->findByKey("k").value().value().job.id, std::string("a"));
    QVERIFY(m_store->remove("a").value());
    QCOMPARE(m_store->add(recordOf(second, changed)).value().job.id, std::string("b"));
}

void JobStoreConformance::removes() {
    runToEnd("a", 1, 1000);
    add("b");
    QVERIFY(claim("b", 1, 1, 0).value());
    QVERIFY(m_store->remove("a").value());
    QVERIFY(m_store->remove("b").value());
    QVERIFY(!m_store->remove("b").value());
    QVERIFY(!m_store->addImage("b", 1, image(0)).value());
    QVERIFY(!m_store->finish("b", 1, ending(JobState::Succeeded, 2, 2)).value());
    QVERIFY(m_store->list(10, {}, {}).value().jobs.empty());
}

void JobStoreConformance::holdsAndReleases() {
    for (const char* id : {"a", "b", "c"}) {
        add(id);
    }
    QVERIFY(claim("b", 1, 1, 0).value());
    QVERIFY(m_store->hold({{"a", kHold}, {"b", kHold}, {"none", kHold}}));
    reopen();
    QVERIFY(get("a").job.state == JobState::Held);
    QVERIFY(get("a").job.hold == kHold);
    QVERIFY(get("b").job.state == JobState::Running);  // only what waits is held
    QCOMPARE(m_store->unfinished().value().size(), std::size_t{3});
    QVERIFY(!claim("a", 1, 1, 0).value());
    QVERIFY(m_store->release({"a", "b", "c"}));
    QVERIFY(get("a").job.state == JobState::Queued);
    QVERIFY(!get("a").job.hold);
    QVERIFY(get("b").job.state == JobState::Running);
    QVERIFY(claim("a", 1, 1, 0).value());
}

void JobStoreConformance::aHeldJobCanEnd() {
    add("a");
    QVERIFY(m_store->hold({{"a", kHold}}));
    QVERIFY(m_store->finish("a", 0, ending(JobState::Cancelled, 1, 1)).value());
    QVERIFY(get("a").job.state == JobState::Cancelled);
    QVERIFY(!get("a").job.hold);
    QVERIFY(m_store->hold({{"a", kHold}}));
    QVERIFY(m_store->release({"a"}));
    QVERIFY(get("a").job.state == JobState::Cancelled);
}

void JobStoreConformance::givesRanksAndPlaces() {
    add("a");
    auto second = recordOf(jobNamed("b"));
    second.job.priority = -3;
    const auto added = m_store->add(second).value();
    QVERIFY(added.rank > get("a").rank);
    QCOMPARE(get("b").rank, added.rank);
    QCOMPARE(get("b").job.priority, -3);
    QVERIFY(m_store->place({{"a", 5, 70}, {"b", 5, 60}, {"none", 0, 1}}));
    reopen();
    QCOMPARE(get("a").job.priority, 5);
    QCOMPARE(get("a").rank, std::int64_t{70});
    QCOMPARE(get("b").rank, std::int64_t{60});
    QVERIFY(m_store->add(recordOf(jobNamed("c"))).value().rank > 70);  // behind all
}

void JobStoreConformance::remembersThatItIsPaused() {
    QVERIFY(!m_store->paused().value());
    QVERIFY(m_store->setPaused(true));
    reopen();
    QVERIFY(m_store->paused().value());
    QVERIFY(m_store->setPaused(false));
    reopen();
    QVERIFY(!m_store->paused().value());
}

void JobStoreConformance::tellsWhatEndedAfterAnEvent() {
    for (const char* id : {"a", "b", "c", "d"}) {
        add(id);
    }
    QVERIFY(m_store->add({jobNamed("other"), 0, {}, "192.0.2.9", 0, 0}));
    const auto end = [this](const char* id, std::uint64_t event) {
        auto how = ending(JobState::Cancelled, 1, 1);
        how.event = event;
        return m_store->finish(id, 0, how).value();
    };
    constexpr std::uint64_t kLate = std::uint64_t{1} << 52;
    QVERIFY(end("c", 7) && end("a", 9) && end("b", kLate) && end("other", 8));
    reopen();
    const auto after = [this](std::uint64_t event, std::optional<std::string> owner = "192.0.2.1") {
        std::vector<std::pair<std::string, std::uint64_t>> found;
        const auto told = m_store->finishedAfter(owner, event).value();
        for (const Told& each : told) {
            found.emplace_back(each.job.id, each.event);
        }
        return found;
    };
    using Found = std::vector<std::pair<std::string, std::uint64_t>>;
    QCOMPARE(after(0), (Found{{"c", 7}, {"a", 9}, {"b", kLate}}));
    QCOMPARE(after(7), (Found{{"a", 9}, {"b", kLate}}));
    QVERIFY(after(kLate).empty());
    QVERIFY(after(UINT64_MAX).empty());
    QCOMPARE(after(7, {}), (Found{{"other", 8}, {"a", 9}, {"b", kLate}}));  // everybody's
}
