// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QTest>

#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"

using namespace easel;
using namespace easel::generator;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 30s;

/// What a listener heard.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    int steps = 0;
    std::map<int, image::Image> images;
    std::vector<std::optional<protocol::Problem>> ends;

    static Listener listenerOf(const std::shared_ptr<Heard>& heard) {
        return {.progress =
                    [heard](const protocol::Progress& progress) {
                        heard->note([&] { heard->steps = progress.step; });
                    },
                .image =
                    [heard](int index, std::int64_t, image::Image picture) {
                        heard->note([&] { heard->images[index] = std::move(picture); });
                    },
                .finished =
                    [heard](std::optional<protocol::Problem> problem) {
                        heard->note([&] { heard->ends.push_back(std::move(problem)); });
                    }};
    }

    template <typename Change>
    void note(Change change) {
        const std::scoped_lock lock(mutex);
        change();
        changed.notify_all();
    }

    template <typename Condition>
    bool waitFor(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, kPatience, condition);
    }

    bool waitForEnd() {
        return waitFor([this] { return !ends.empty(); });
    }

    std::string endCode() {
        const std::scoped_lock lock(mutex);
        return ends.empty() ? "none" : ends.front() ? ends.front()->code : "";
    }
};

WorkerOptions options(const std::string& model) {
    WorkerOptions made;
    made.program = FAKE_WORKER;
    made.model = model;
    made.firstPause = 10ms;
    made.grace = 200ms;
    return made;
}

protocol::GenerationSettings settings(const std::string& prompt, int steps = 5) {
    protocol::GenerationSettings made;
    made.prompt = prompt;
    made.width = 64;
    made.height = 64;
    made.steps = steps;
    made.sampler = "pndm";
    made.seed = 42;
    return made;
}

bool waitForStatus(const Generator& generator, bool (*wanted)(const Status&)) {
    return QTest::qWaitFor([&] { return wanted(generator.status()); },
                           static_cast<int>(std::chrono::milliseconds(kPatience).count()));
}

bool isReady(const Status& status) {
    return status.ready;
}

bool hasFailed(const Status& status) {
    return status.failed;
}

std::shared_ptr<Heard> submit(Generator& generator, const std::string& id,
                              const protocol::GenerationSettings& wish) {
    auto heard = std::make_shared<Heard>();
    generator.submit(id, wish, Heard::listenerOf(heard));
    return heard;
}

}  // namespace

class TestWorkerProcess : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void draws() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        QCOMPARE(worker.status().deviceName, std::string("Fake"));
        auto wish = settings("a fox");
        wish.count = 2;
        const auto heard = submit(worker, "a", wish);
        QVERIFY(heard->waitForEnd());
        QCOMPARE(heard->endCode(), std::string());
        QCOMPARE(heard->steps, 10);
        QCOMPARE(heard->images.size(), std::size_t{2});
        QVERIFY(heard->images[0] == testPattern(64, 64, 42));
        QVERIFY(heard->images[1] == testPattern(64, 64, 43));
    }

    void cancels() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        const auto heard = submit(worker, "a", settings("slow", 500));
        QVERIFY(heard->waitFor([&] { return heard->steps >= 1; }));
        worker.cancel("unknown");
        worker.cancel("a");
        QVERIFY(heard->waitForEnd());
        QCOMPARE(heard->endCode(), std::string(kCancelled));
        QVERIFY(heard->steps < 500);
        QVERIFY(heard->images.empty());
    }

    void threadsOfTheWorkerSleepSoon() {
        qunsetenv("GOMP_SPINCOUNT");
        qunsetenv("OMP_WAIT_POLICY");
        {
            const WorkerProcess worker(options("good"));
            QVERIFY(waitForStatus(worker, isReady));
            QCOMPARE(worker.status().message, std::string("Spins 1000"));
        }
        qputenv("GOMP_SPINCOUNT", "7");
        {
            const WorkerProcess worker(options("good"));
            QVERIFY(waitForStatus(worker, isReady));
            QCOMPARE(worker.status().message, std::string("Spins 7"));
        }
        qunsetenv("GOMP_SPINCOUNT");
    }

    void replacesAWorkerThatDoesNotObeyACancel() {
        auto impatient = options("good");
        impatient.stuckAfter = 50ms;
        WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, isReady));
        const auto stuck = submit(worker, "a", settings("stuck"));
        QVERIFY(stuck->waitFor([&] { return stuck->steps >= 2; }));
        worker.cancel("a");
        QVERIFY(stuck->waitForEnd());
        QCOMPARE(stuck->endCode(), std::string(kWorkerLost));
        QVERIFY(waitForStatus(worker, isReady));
        const auto next = submit(worker, "b", settings("a fox"));
        QVERIFY(next->waitForEnd());
        QCOMPARE(next->endCode(), std::string());
    }

    void isNotReadyAtOnce() {
        WorkerProcess worker(options("slow-start"));
        const auto heard = submit(worker, "a", settings("a fox"));
        QCOMPARE(heard->endCode(), std::string("unavailable"));
        QVERIFY(waitForStatus(worker, isReady));
    }

    void startsAnotherAfterACrash_data() {
        QTest::addColumn<QByteArray>("prompt");
        QTest::newRow("crash") << QByteArray("crash");
        QTest::newRow("garbage") << QByteArray("garbage");
    }

    void startsAnotherAfterACrash() {
        QFETCH(QByteArray, prompt);
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        const auto lost = submit(worker, "a", settings(prompt.toStdString()));
        QVERIFY(lost->waitForEnd());
        QCOMPARE(lost->endCode(), std::string(kWorkerLost));
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "a", settings("a fox"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
        QCOMPARE(lost->ends.size(), std::size_t{1});
    }

    void givesUpOnAWorkerThatNeverGetsReady() {
        WorkerProcess worker(options("exits"));
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY2(worker.status().message.find("exit status 3") != std::string::npos,
                 worker.status().message.c_str());
    }

    void saysWhyAModelIsRefused() {
        WorkerProcess worker(options("refused"));
        QVERIFY(waitForStatus(worker, hasFailed));
        QCOMPARE(worker.status().message, std::string("The model cannot be used: it is refused."));
    }

    void saysThatTheProgramIsMissing() {
        auto missing = options("good");
        missing.program = "/nowhere/easel-worker";
        WorkerProcess worker(missing);
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY(worker.status().message.find("/nowhere/easel-worker") != std::string::npos);
    }

    void endsEvenAWorkerThatDoesNotListen() {
        std::shared_ptr<Heard> heard;
        {
            WorkerProcess worker(options("deaf"));
            QVERIFY(waitForStatus(worker, isReady));
            heard = submit(worker, "a", settings("slow", 500));
        }
        QCOMPARE(heard->endCode(), std::string(kWorkerLost));
    }

    void tellsOfEachChange() {
        std::mutex mutex;
        std::condition_variable changed;
        bool ready = false;
        WorkerProcess worker(options("slow-start"));
        worker.onStatusChanged([&] {
            const bool now = worker.status().ready;
            const std::scoped_lock lock(mutex);
            ready = ready || now;
            changed.notify_all();
        });
        {
            std::unique_lock lock(mutex);
            QVERIFY(changed.wait_for(lock, kPatience, [&] { return ready; }));
        }
        worker.onStatusChanged({});
    }
};

QTEST_GUILESS_MAIN(TestWorkerProcess)
#include "test_worker_process.moc"
