// SPDX-License-Identifier: Apache-2.0
// The pulls that a server is asked for: one after another, cancelled, remembered.
#include <QTest>

#include <atomic>

#include "server/hub/pulls.h"

using namespace easel;
using protocol::PullState;

namespace {

/// Pulls that go on until the test says how they end.
struct Stand {
    std::mutex mutex;
    std::vector<std::string> begun;
    std::vector<protocol::PullInfo> told;
    std::atomic<bool> ends = false;
    hub::Pulls pulls{[this](const auto& what, const auto& watcher, const auto& stop) {
                         return run(what.request, watcher, stop);
                     },
                     [this](const protocol::PullInfo& pull) {
                         const std::scoped_lock lock(mutex);
                         told.push_back(pull);
                     }};

    protocol::Expected<void> run(const protocol::PullRequest& request, const hub::PullWatcher& watcher,
                                 const std::stop_token& stop) {
        {
            const std::scoped_lock lock(mutex);
            begun.push_back(request.model);
        }
        watcher.onPlan({.commit = "c", .licence = "mit", .notes = {}, .files = 2, .bytes = 10});
        watcher.onProgress({1, 2, 5, 10, 100});
        while (!ends && !stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (stop.stop_requested() || request.model == "test/bad") {
            return tl::unexpected(protocol::conflict("It was stopped."));
        }
        return {};
    }

    std::string start(const char* model) { return pulls.start({.model = model})->id; }
    PullState stateOf(const std::string& id) const { return pulls.find(id)->state; }
    std::size_t count() {
        const std::scoped_lock lock(mutex);
        return begun.size();
    }
};

}  // namespace

class TestPulls : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void oneAfterAnother() {
        Stand stand;
        const auto first = stand.start("test/a");
        QTRY_COMPARE_WITH_TIMEOUT(int(stand.stateOf(first)), int(PullState::Running), 30'000);
        const auto second = stand.start("test/bad");
        QTRY_COMPARE_WITH_TIMEOUT(stand.pulls.find(first)->progress.bytesDone, std::int64_t{5}, 30'000);
        QCOMPARE(int(stand.stateOf(second)), int(PullState::Waiting));
        QCOMPARE(stand.count(), std::size_t{1});
        stand.ends = true;
        QTRY_COMPARE_WITH_TIMEOUT(int(stand.stateOf(second)), int(PullState::Failed), 30'000);
        const auto done = stand.pulls.find(first).value();
        QCOMPARE(int(done.state), int(PullState::Succeeded));
        QCOMPARE(done.licence, std::string("mit"));
        QCOMPARE(done.commit, std::string("c"));
        QVERIFY(stand.pulls.find(second)->problem.has_value());
        QCOMPARE(stand.pulls.list().front().id, second);
        const std::scoped_lock lock(stand.mutex);
        std::vector<std::string> states;
        for (const auto& pull : stand.told) {
            if (pull.id == first) {
                states.push_back(std::string(toString(pull.state)));
            }
        }
        QCOMPARE(states.front(), std::string("waiting"));
        QCOMPARE(states.back(), std::string("succeeded"));
    }

    void askingAgainGivesTheSamePull() {
        Stand stand;
        const auto first = stand.start("test/a");
        QCOMPARE(stand.start("test/a"), first);
        QVERIFY(stand.pulls.start({.model = "test/a", .variant = "fp16"})->id != first);
        stand.ends = true;
        QTRY_COMPARE_WITH_TIMEOUT(int(stand.stateOf(first)), int(PullState::Succeeded), 30'000);
        QVERIFY(stand.start("test/a") != first);
    }

    void cancelledOnesEnd() {
        Stand stand;
        const auto running = stand.start("test/a");
        const auto waiting = stand.start("test/b");
        QTRY_COMPARE_WITH_TIMEOUT(stand.count(), std::size_t{1}, 30'000);
        QCOMPARE(int(stand.pulls.cancel(waiting)->state), int(PullState::Cancelled));
        QVERIFY(stand.pulls.cancel(running).has_value());
        QTRY_COMPARE_WITH_TIMEOUT(int(stand.stateOf(running)), int(PullState::Cancelled), 30'000);
        QVERIFY(!stand.pulls.find(running)->problem);
        QCOMPARE(stand.count(), std::size_t{1});
        QVERIFY(!stand.pulls.cancel("p_0"));
    }

    void whatIsNoNameIsRefused() {
        Stand stand;
        QVERIFY(stand.pulls.start({.model = "../x"}).error().field == "model");
        QVERIFY(stand.pulls.start({.model = "a/b", .revision = "../x"}).error().field == "revision");
        QVERIFY(stand.pulls.start({.model = "a/b", .variant = "../x"}).error().field == "variant");
        QVERIFY(stand.pulls.list().empty());
    }

    void notEndlesslyManyWaitOrAreRemembered() {
        Stand stand;
        int accepted = 0;
        while (stand.pulls.start({.model = "test/m" + std::to_string(accepted)})) {
            ++accepted;
        }
        QVERIFY(accepted >= 20 && accepted <= 21);
        for (int round = 0; round < 10; ++round) {
            for (const auto& pull : stand.pulls.list()) {
                static_cast<void>(stand.pulls.cancel(pull.id));
            }
            for (int i = 0; i < 19; ++i) {
                static_cast<void>(stand.pulls.start({.model = "test/r" + std::to_string(round * 100 + i)}));
            }
        }
        QVERIFY(stand.pulls.list().size() <= 121);
    }

    /// The server ends in the middle of one.
    void theEndStopsWhatRuns() {
        Stand stand;
        stand.start("test/a");
        stand.start("test/b");
        QTRY_COMPARE_WITH_TIMEOUT(stand.count(), std::size_t{1}, 30'000);
    }
};

QTEST_GUILESS_MAIN(TestPulls)
#include "test_pulls.moc"
