// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <QTest>

#include "server/jobs/active_jobs.h"
#include "server/jobs/placements.h"

using namespace easel;
using namespace easel::jobs;
using protocol::JobEvent;
using protocol::JobState;
using protocol::Move;

namespace {

const protocol::Hold kHold{protocol::HoldReason::ModelMissing, "It is not here.", "Bring it."};

}  // namespace

/// What is in memory, one thread alone.
class TestActiveJobs : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<ActiveJobs> m_active;
    std::int64_t m_rank = 0;
    std::vector<std::string> m_told;  // "j state 3"

    void add(const std::string& id, const std::string& owner = "me", int priority = 0) {
        JobRecord record;
        record.job.id = id;
        record.job.settings.width = record.job.settings.height = 64;
        record.job.settings.steps = 4;
        record.job.priority = priority;
        record.owner = owner;
        record.rank = ++m_rank;
        m_active->add(record);
    }
    LiveJob& job(const std::string& id) { return *m_active->find(id); }
    void start(const std::string& id) { m_active->start(job(id), job(id).record.job.attempt + 1, 1); }
    void finish(const std::string& id) {
        m_active->finish(job(id), {JobState::Succeeded, {}, 2, 2, m_active->reserveEvent()});
    }
    std::string order() const {
        std::string ids;
        for (const std::string& id : m_active->waitingIds()) {
            ids += id;
        }
        return ids;
    }
    protocol::Expected<void> move(const std::string& id, const Move& where) {
        return placementsFor(*m_active, id, where).map([&](const auto& placements) {
            m_active->place(placements);
        });
    }
    EventCallback writer() {
        return [this](const JobEvent& event) {
            m_told.push_back(event.job + " " + std::string(nameOf(event)) + " " +
                             std::to_string(event.sequence));
        };
    }
    std::vector<std::string> told() {
        for (const auto& tell : m_active->takePending()) {
            tell();
        }
        return std::exchange(m_told, {});
    }

private Q_SLOTS:
    void init() {
        m_active = std::make_unique<ActiveJobs>([] { return std::uint64_t{0}; });
        m_rank = 0;
        m_told.clear();
    }

    void progressNeitherRunsBackwardsNorPastItsEnd() {
        add("p");
        start("p");
        const auto stepsAfter = [this](int step) {
            m_active->progress(job("p"), {protocol::Stage::Denoising, step, 4, {}}, {});
            return job("p").record.job.progress.step;
        };
        QCOMPARE(stepsAfter(3), 3);
        QCOMPARE(stepsAfter(1), 3);
        QCOMPARE(stepsAfter(7), 4);
    }

    void prioritiesOrderAClientsJobs() {
        add("a");
        add("b", "me", 5);
        add("c", "me", -5);
        add("d", "me", 5);
        QCOMPARE(order(), std::string("bdac"));
        QCOMPARE(job("a").record.job.ahead, 2);
    }

    /// Nobody comes back for a preview, so it is no event to be counted.
    void previewsHaveNoNumberOfTheirOwn() {
        add("a");
        const auto follower = m_active->follow(job("a"), {}, writer());
        m_active->preview(job("a"), {});
        const std::string number = std::to_string(job("a").sequence);
        QCOMPARE(told(), (std::vector<std::string>{"a state " + number, "a preview " + number}));
        const auto late = m_active->follow(job("a"), job("a").sequence, writer());
        QCOMPARE(told(), std::vector<std::string>());
    }

    /// Whoever calls all of his jobs urgent takes nobody's turn.
    void prioritiesAreNobodyElsesLoss() {
        add("a", "me");
        add("b", "me");
        add("x", "loud", 100);
        add("y", "loud", 100);
        QCOMPARE(order(), std::string("axby"));
    }

    void jobsCanBeMoved() {
        for (const char* id : {"a", "b", "c", "d"}) {
            add(id);
        }
        QVERIFY(move("c", {}));
        QCOMPARE(order(), std::string("cabd"));
        QVERIFY(move("d", {"b", {}}));
        QCOMPARE(order(), std::string("cadb"));
        QVERIFY(move("c", {"b", {}}));
        QCOMPARE(order(), std::string("adcb"));
        QVERIFY(move("a", {{}, 1}));
        QVERIFY(move("b", {"a", {}}));  // takes over its priority
        QCOMPARE(order(), std::string("badc"));
        QCOMPARE(job("b").record.job.priority, 1);
        QVERIFY(move("b", {{}, 0}));
        QCOMPARE(order(), std::string("adcb"));
        QVERIFY(move("a", {{}, 0}));  // behind those that are there
        QCOMPARE(order(), std::string("dcba"));
        add("e");
        QCOMPARE(order(), std::string("dcbae"));
    }

    void movesKeepRanksApart() {
        for (const char* id : {"a", "b", "c"}) {
            add(id);
            job(id).record.rank = 0;  // as in a database that was saved from damage
        }
        const auto placements = placementsFor(*m_active, "c", {}).value();
        QCOMPARE(placements.size(), std::size_t{3});
        QCOMPARE(placements[0].id, std::string("c"));
        QVERIFY(placements[0].rank < placements[1].rank && placements[1].rank < placements[2].rank);
    }

    void movesThatFitNothingAreRefused() {
        add("a");
        add("b");
        add("x", "other");
        const auto field = [&](const char* before) {
            return move("b", {before, {}}).error().field.value_or("");
        };
        QCOMPARE(field("x"), std::string("before"));
        QCOMPARE(field("b"), std::string("before"));
        QCOMPARE(field("none"), std::string("before"));
        start("a");
        QCOMPARE(field("a"), std::string("before"));
        QCOMPARE(move("a", {}).error().status, 409);
        m_active->requeue(job("a"), Requeue::Lost);
        QCOMPARE(move("a", {}).error().status, 409);  // it is next anyway
        QCOMPARE(order(), std::string("axb"));
    }

    void whatIsHeldKeepsItsPlace() {
        for (const char* id : {"a", "b", "c"}) {
            add(id);
        }
        m_active->hold(job("a"), kHold);
        QCOMPARE(order(), std::string("bc"));
        QCOMPARE(job("b").record.job.ahead, 0);
        QCOMPARE(m_active->waitingCount(), 2);
        QCOMPARE(m_active->heldCount(), 1);
        QCOMPARE(m_active->runningCount(), 0);
        QCOMPARE(m_active->placesTaken("me"), 3);
        QVERIFY(move("c", {"a", {}}));
        QVERIFY(job("a").record.job.hold == kHold);
        m_active->release(job("a"));
        QCOMPARE(order(), std::string("cab"));
        QVERIFY(!job("a").record.job.hold);
    }

    void aHeldJobThatHadItsTurnIsNext() {
        add("a");
        add("b");
        start("a");
        m_active->requeue(job("a"), Requeue::Lost);
        m_active->hold(job("a"), kHold);
        QCOMPARE(order(), std::string("b"));
        m_active->release(job("a"));
        QCOMPARE(order(), std::string("ab"));
    }

    void oneStreamTellsOfAllJobsOfAClient() {
        const auto mine = m_active->followAll("me", {}, {}, writer());
        add("a");
        add("x", "other");
        start("a");
        m_active->progress(job("a"), {protocol::Stage::Denoising, 1, 4, {}}, {});
        m_active->addImage(job("a"), {});
        finish("a");
        auto events = told();
        QCOMPARE(events.size(), std::size_t{5});
        QVERIFY(events[0].starts_with("a state ") && events[1].starts_with("a state "));
        QVERIFY(events[2].starts_with("a progress ") && events[3].starts_with("a image "));
        QVERIFY(events[4].starts_with("a done "));
        add("b");
        QCOMPARE(told().size(), std::size_t{1});  // The stream goes on after a job's end.
        mine->gone = true;
        add("c");
        QVERIFY(told().empty());
    }

    void aStreamOfAllIsTakenUpWhereItWasCut() {
        add("a");
        add("b");
        start("a");
        const auto seen = job("a").sequence;
        m_active->progress(job("a"), {protocol::Stage::Denoising, 1, 4, {}}, {});
        add("c");
        protocol::Job ended;
        ended.id = "z";
        ended.state = JobState::Succeeded;
        // It began with what ended meanwhile; of "b" nothing is new but its place.
        const auto back = m_active->followAll("me", job("b").sequence, {{seen + 1, ended}}, writer());
        const auto events = told();
        QVERIFY(!events.empty());
        QVERIFY(std::ranges::none_of(events, [](const auto& line) { return line.starts_with("b "); }));
        QCOMPARE(events.front().substr(0, 6), std::string("z done"));
        const auto fresh = m_active->followAll("me", {}, {}, writer());
        QCOMPARE(told().size(), std::size_t{3});
        const auto upToDate = m_active->followAll("me", job("c").sequence, {}, writer());
        QVERIFY(told().empty());
    }

    /// Else a stream that is cut just then would be taken up behind an end that it was never told.
    void noEventOvertakesAnEndThatIsBeingStored() {
        add("a");
        add("b");
        const auto all = m_active->followAll("me", {}, {}, writer());
        const auto first = told();
        const Ending ending{JobState::Succeeded, {}, 2, 2, m_active->reserveEvent()};
        start("b");
        QVERIFY(told().empty());
        m_active->finish(job("a"), ending);
        const auto events = told();
        QVERIFY(events.size() >= 2);
        QCOMPARE(events[0], "a done " + std::to_string(ending.event));
        QVERIFY(events[1].starts_with("b state "));
        (void)m_active->reserveEvent();
        add("c");
        QVERIFY(told().empty());
        m_active->dropReserved();
        QVERIFY(!told().empty());
    }

    void eventNumbersGrowOverAllJobs() {
        add("a");
        add("b");
        start("a");
        QVERIFY(job("a").sequence > job("b").sequence);
        const auto before = job("a").sequence;
        m_active = std::make_unique<ActiveJobs>([=] { return before * 1000; });
        add("c");
        QVERIFY(job("c").sequence >= before * 1000);
    }
};

QTEST_APPLESS_MAIN(TestActiveJobs)
#include "test_active_jobs.moc"
