// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <QTest>

#include "tests/server/jobs/job_records.h"
#include "tests/server/jobs/job_store_conformance.h"

// What time does to jobs: they grow too old, and claims to them end.

using namespace easel;
using namespace easel::jobs;
using namespace easel::tests;

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
        QVERIFY(m_store->finish(id, 0, ending(JobState::Cancelled, now, 5'000)).value());
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

void JobStoreConformance::claimsEndUnlessTheyAreRenewed() {
    using namespace std::chrono_literals;
    const Lease other{"other", 60s};
    add("a");
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(m_store->addImage("a", 1, image(0)).value());
    pass(59s);
    QVERIFY(!m_store->claim("a", 2, other, 2, 0).value());
    QVERIFY(m_store->renew("a", 1, kLease).value());
    pass(59s);
    QVERIFY(!m_store->claim("a", 2, other, 2, 0).value());
    pass(1s);
    QVERIFY(!m_store->claim("a", 1, other, 2, 0).value());  // no number may come twice
    QVERIFY(m_store->claim("a", 2, other, 2, 0).value());
    const auto record = get("a");
    QVERIFY(record.job.state == JobState::Running);
    QCOMPARE(record.job.attempt, 2);
    QCOMPARE(record.losses, 1);
    QVERIFY(record.job.images.empty());
    // The first has lost it.
    QVERIFY(!m_store->renew("a", 1, kLease).value());
    QVERIFY(!m_store->renew("a", 2, kLease).value());
    QVERIFY(!m_store->addImage("a", 1, image(0)).value());
    QVERIFY(!m_store->finish("a", 1, ending(JobState::Succeeded, 3, 3)).value());
    QVERIFY(m_store->renew("a", 2, other).value());
    QVERIFY(m_store->finish("a", 2, ending(JobState::Succeeded, 3, 3)).value());
}

/// As long as nobody else wants it, a claim that is late is no trouble.
void JobStoreConformance::aLateRenewalHolds() {
    using namespace std::chrono_literals;
    add("a");
    QVERIFY(claim("a", 1, 1, 0).value());
    pass(1h);
    QVERIFY(m_store->renew("a", 1, kLease).value());
    QVERIFY(!m_store->claim("a", 2, {"other", 60s}, 2, 0).value());
}

void JobStoreConformance::aClaimEndsWithItsAttempt() {
    add("a");
    QVERIFY(!m_store->renew("a", 0, kLease).value());
    QVERIFY(claim("a", 1, 1, 0).value());
    QVERIFY(m_store->requeue("a", 1, Requeue::GivenBack).value());
    QVERIFY(!m_store->renew("a", 1, kLease).value());
    QVERIFY(m_store->claim("a", 2, {"other", std::chrono::seconds(60)}, 2, 0).value());
    QCOMPARE(get("a").losses, 0);
    QVERIFY(m_store->remove("a").value());
    QVERIFY(!m_store->renew("a", 2, {"other", std::chrono::seconds(60)}).value());
}
