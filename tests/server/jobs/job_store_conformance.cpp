// SPDX-License-Identifier: Apache-2.0
#include "tests/server/jobs/job_store_conformance.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <QTest>

using namespace easel;
using namespace easel::jobs;
using protocol::JobState;

namespace {

protocol::ImageInfo image(int index, std::int64_t bytes = 1000) {
    protocol::ImageInfo info;
    info.index = index;
    info.seed = 42 + index;
    info.width = 512;
    info.height = 768;
    info.bytes = bytes;
    return info;
}

std::vector<std::string> ids(const std::vector<protocol::Job>& jobs) {
    std::vector<std::string> found;
    for (const auto& job : jobs) {
        found.push_back(job.id);
    }
    return found;
}

protocol::Job jobNamed(std::string id) {
    protocol::Job job;
    job.id = std::move(id);
    job.settings.model = "starter";
    job.settings.prompt = "a \"fox\" in the snow, 狐";
    job.settings.negativePrompt = "blurry";
    job.settings.guidance = 7.3;
    job.settings.sampler = "pndm";
    job.settings.seed = 9007199254740991;
    job.settings.count = 2;
    job.createdAt = 1'700'000'000'123;
    return job;
}

JobRecord recordOf(const protocol::Job& job, const std::optional<IdempotencyKey>& key = {}) {
    return {job, 0, key, "192.0.2.1", 0};
}

using Ids = std::vector<std::string>;

}  // namespace

protocol::Job JobStoreConformance::add(const std::string& id) {
    const auto job = jobNamed(id);
    if (!m_store->add(recordOf(job))) {
        qFatal("The job could not be added.");
    }
    return job;
}

JobRecord JobStoreConformance::get(const std::string& id) {
    return m_store->find(id).value().value();
}

void JobStoreConformance::runToEnd(const std::string& id, std::int64_t now, std::int64_t bytes) {
    add(id);
    QVERIFY(m_store->start(id, 1, now, 0).value());
    QVERIFY(m_store->addImage(id, 1, image(0, bytes)).value());
    QVERIFY(m_store->finish(id, 1, JobState::Succeeded, {}, now, now).value());
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
    QVERIFY(m_store->start("a", 1, 2000, 0).value());
    QVERIFY(m_store->addImage("a", 1, image(1)).value());
    QVERIFY(m_store->addImage("a", 1, image(0)).value());
    job.state = JobState::Running;
    job.attempt = 1;
    job.startedAt = 2000;
    job.images = {image(0), image(1)};
    reopen();
    QVERIFY(get("a").job == job);
    QVERIFY(m_store->finish("a", 1, JobState::Succeeded, {}, 3000, 3000).value());
    job.state = JobState::Succeeded;
    job.finishedAt = 3000;
    reopen();
    QVERIFY(get("a").job == job);
}

void JobStoreConformance::keepsWhoAskedAndWhatTheyUsed() {
    QVERIFY(m_store->used().value().empty());
    const auto add = [this](const char* id, const char* owner, std::int64_t used) {
        return m_store->add({jobNamed(id), 0, {}, owner, used}).has_value();
    };
    QVERIFY(add("a", "192.0.2.1", 0) && add("b", "192.0.2.1", 5) && add("c", "192.0.2.2", 7));
    QVERIFY(m_store->start("a", 1, 1, 9).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(m_store->start("a", 2, 1, 0).value());  // never less than before
    reopen();
    QCOMPARE(get("c").owner, std::string("192.0.2.2"));
    QCOMPARE(m_store->unfinished().value().front().owner, std::string("192.0.2.1"));
    QCOMPARE(m_store->used().value(),
             (std::map<std::string, std::int64_t>{{"192.0.2.1", 9}, {"192.0.2.2", 7}}));
}

void JobStoreConformance::knowsNoOtherJobs() {
    QVERIFY(!m_store->find("a").value());
    QVERIFY(!m_store->findByKey("a").value());
    QVERIFY(!m_store->start("a", 1, 0, 0).value());
    QVERIFY(!m_store->addImage("a", 0, image(0)).value());
    QVERIFY(!m_store->requeue("a", 0, Requeue::Lost).value());
    QVERIFY(!m_store->finish("a", 0, JobState::Cancelled, {}, 0, 0).value());
    QVERIFY(!m_store->remove("a").value());
}

void JobStoreConformance::pagesNewestFirst() {
    for (const char* id : {"a", "b", "c", "d", "e"}) {
        add(id);
    }
    const auto first = m_store->list(2, {}).value();
    QCOMPARE(ids(first.jobs), (Ids{"e", "d"}));
    const auto second = m_store->list(2, first.next).value();
    QCOMPARE(ids(second.jobs), (Ids{"c", "b"}));
    const auto third = m_store->list(2, second.next).value();
    QCOMPARE(ids(third.jobs), (Ids{"a"}));
    QVERIFY(!third.next);
    QVERIFY(!m_store->list(5, {}).value().next);
}

void JobStoreConformance::pagesSurviveRemovals() {
    for (const char* id : {"a", "b", "c", "d"}) {
        add(id);
    }
    const auto first = m_store->list(2, {}).value();
    QVERIFY(m_store->remove("c").value());
    add("e");
    QCOMPARE(ids(m_store->list(2, first.next).value().jobs), (Ids{"b", "a"}));
}

void JobStoreConformance::refusesAForeignCursor() {
    for (const char* cursor : {"", "x", "12x", "99999999999999999999"}) {
        const auto page = m_store->list(2, cursor);
        QVERIFY(!page);
        QCOMPARE(page.error().field.value_or(""), std::string("before"));
    }
}

void JobStoreConformance::listsTheUnfinishedOldestFirst() {
    for (const char* id : {"a", "b", "c", "d"}) {
        add(id);
    }
    QVERIFY(m_store->finish("b", 0, JobState::Cancelled, {}, 1, 1).value());
    QVERIFY(m_store->start("c", 1, 1, 0).value());
    QVERIFY(m_store->requeue("c", 1, Requeue::GivenBack).value());
    QVERIFY(m_store->start("d", 1, 1, 0).value());
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
    QVERIFY(!m_store->start("a", 2, 1, 0).value());
    QVERIFY(m_store->start("a", 1, 1, 0).value());
    QVERIFY(!m_store->start("a", 1, 1, 0).value());
    QVERIFY(!m_store->start("a", 2, 1, 0).value());
}

void JobStoreConformance::refusesALateWorker() {
    add("a");
    QVERIFY(m_store->start("a", 1, 1, 0).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(!m_store->addImage("a", 1, image(0)).value());  // not running
    QVERIFY(!m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(m_store->start("a", 2, 2, 0).value());
    QVERIFY(m_store->addImage("a", 2, image(0, 7)).value());
    const auto before = get("a").job;
    QVERIFY(!m_store->addImage("a", 1, image(0, 8)).value());
    QVERIFY(!m_store->finish("a", 1, JobState::Failed, protocol::internalError("late"), 3, 3).value());
    QVERIFY(!m_store->requeue("a", 1, Requeue::Lost).value());
    QVERIFY(get("a").job == before);
    QVERIFY(m_store->finish("a", 2, JobState::Succeeded, {}, 3, 3).value());
    QVERIFY(!m_store->addImage("a", 2, image(1)).value());  // finished
}

void JobStoreConformance::requeueForgetsImages() {
    add("a");
    QVERIFY(m_store->start("a", 1, 1, 0).value());
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
        QVERIFY(m_store->start("a", attempt, 1, 0).value());
        QVERIFY(m_store->requeue("a", attempt, attempt == 2 ? Requeue::GivenBack : Requeue::Lost).value());
    }
    reopen();
    QCOMPARE(get("a").losses, 2);
}

void JobStoreConformance::finishesOnce() {
    add("a");
    QVERIFY(m_store->finish("a", 0, JobState::Cancelled, {}, 5, 5).value());
    QVERIFY(!m_store->finish("a", 0, JobState::Failed, {}, 6, 6).value());
    QVERIFY(!m_store->start("a", 1, 6, 0).value());
    QVERIFY(get("a").job.state == JobState::Cancelled);
    QCOMPARE(get("a").job.finishedAt, std::optional<std::int64_t>(5));
}

void JobStoreConformance::keepsTheProblem() {
    add("a");
    const auto problem = protocol::generationFailed("The picture came out \"non-finite\".");
    QVERIFY(m_store->start("a", 1, 1, 0).value());
    QVERIFY(m_store->finish("a", 1, JobState::Failed, problem, 2, 2).value());
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
    QVERIFY(m_store->start("b", 1, 1, 0).value());
    QVERIFY(m_store->remove("a").value());
    QVERIFY(m_store->remove("b").value());
    QVERIFY(!m_store->remove("b").value());
    QVERIFY(!m_store->addImage("b", 1, image(0)).value());
    QVERIFY(!m_store->finish("b", 1, JobState::Succeeded, {}, 2, 2).value());
    QVERIFY(m_store->list(10, {}).value().jobs.empty());
}

void JobStoreConformance::expiresByAge() {
    runToEnd("a", 1000, 10);
    runToEnd("b", 2000, 10);
    add("c");  // unfinished: never expires
    Retention retention;
    retention.maxAgeMs = 500;
    QCOMPARE(m_store->expired(retention, 1600).value(), (Ids{"a"}));
    QVERIFY(m_store->expired(retention, 1499).value().empty());
}

void JobStoreConformance::agesAreUptimeWhateverTheClock() {
    for (const std::int64_t now :
         {std::int64_t{8'000'000'000}, std::int64_t{1'000}, std::int64_t{9'000'000'000}}) {
        const std::string id = std::to_string(now);
        add(id);
        QVERIFY(m_store->finish(id, 0, JobState::Cancelled, {}, now, 5'000).value());
    }
    Retention retention;
    retention.maxAgeMs = 500;
    QVERIFY(m_store->expired(retention, 5'499).value().empty());
    QCOMPARE(m_store->expired(retention, 5'500).value().size(), std::size_t{3});
    retention.maxAgeMs = 1'000'000;
    retention.maxJobs = 1;  // What was handed in first goes first.
    auto expired = m_store->expired(retention, 5'500).value();
    std::ranges::sort(expired);
    QCOMPARE(expired, (Ids{"1000", "8000000000"}));
}

void JobStoreConformance::keepsTheTime() {
    QVERIFY(m_store->keptTime().value() == KeptTime());
    const KeptTime time{1'795'384'489'120, 3'600'000};
    QVERIFY(m_store->keepTime(time));
    reopen();
    QVERIFY(m_store->keptTime().value() == time);
}

void JobStoreConformance::expiresByNumber() {
    for (const char* id : {"a", "b", "c"}) {
        runToEnd(id, 1000, 10);
    }
    Retention retention;
    retention.maxJobs = 2;
    QCOMPARE(m_store->expired(retention, 1000).value(), (Ids{"a"}));
}

void JobStoreConformance::expiresByBytes() {
    runToEnd("a", 1000, 10);
    runToEnd("b", 2000, 600);
    runToEnd("c", 3000, 400);
    Retention retention;
    retention.maxBytes = 1000;
    QCOMPARE(m_store->expired(retention, 3000).value(), (Ids{"a"}));
}
