// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"

using namespace easel;
using namespace easel::generator;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 30s;

/// What an observer heard.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    int steps = 0;
    std::map<int, image::Image> images;
    std::vector<std::optional<protocol::Problem>> ends;

    static Observer observerOf(const std::shared_ptr<Heard>& heard) {
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
    made.model = {"own", model};
    made.firstPause = 10ms;
    made.longestPause = 40ms;
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

bool waitForStatus(const Generator& generator, const std::function<bool(const Status&)>& wanted) {
    return QTest::qWaitFor([&] { return wanted(generator.status()); },
                           static_cast<int>(std::chrono::milliseconds(kPatience).count()));
}

bool isReady(const Status& status) {
    return status.ready;
}

bool hasFailed(const Status& status) {
    return status.failed;
}

void mend(const QString& model) {
    QFile(model + ".mended").open(QIODevice::WriteOnly);
}

QByteArray environmentOfTheWorker() {
    const WorkerProcess worker(options("environment"));
    return waitForStatus(worker, isReady) ? QByteArray::fromStdString(worker.status().message) : QByteArray();
}

std::shared_ptr<Heard> submit(Generator& generator, const std::string& id,
                              const protocol::GenerationSettings& wish) {
    auto heard = std::make_shared<Heard>();
    generator.submit(id, wish, Heard::observerOf(heard));
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
        QVERIFY(environmentOfTheWorker().contains("\nGOMP_SPINCOUNT=1000\n"));
        qputenv("GOMP_SPINCOUNT", "7");
        QVERIFY(environmentOfTheWorker().contains("\nGOMP_SPINCOUNT=7\n"));
        qunsetenv("GOMP_SPINCOUNT");
        qputenv("OMP_WAIT_POLICY", "active");
        QVERIFY(!environmentOfTheWorker().contains("GOMP_SPINCOUNT"));
        qunsetenv("OMP_WAIT_POLICY");
    }

    void theWorkerIsGivenOnlyWhatItNeeds() {
        const QList<QByteArray> needed{"LC_ALL",
                                       "TZ",
                                       "TMPDIR",
                                       "LD_LIBRARY_PATH",
                                       "OMP_NUM_THREADS",
                                       "MKL_NUM_THREADS",
                                       "ATEN_CPU_CAPABILITY",
                                       "CUDA_VISIBLE_DEVICES",
                                       "PYTORCH_CUDA_ALLOC_CONF"};
        const QList<QByteArray> secret{"AWS_SECRET_ACCESS_KEY", "HF_TOKEN",  "GITHUB_TOKEN", "DATABASE_URL",
                                       "SSH_AUTH_SOCK",         "EASEL_KEY", "PASSWORD",     "ATEN"};
        for (const QByteArray& name : needed + secret) {
            qputenv(name, "C");
        }
        const QByteArray given = environmentOfTheWorker();
        for (const QByteArray& name : needed) {
            QVERIFY2(given.contains("\n" + name + "=C\n"), name);
        }
        for (const QByteArray& name : secret) {
            QVERIFY2(!given.contains("\n" + name + "="), name);
        }
        QVERIFY(given.contains("\nPATH=" + qgetenv("PATH") + "\n"));
        for (const QByteArray& name : needed + secret) {
            qunsetenv(name);
        }
    }

    void relaysWhatTheWorkerPrints() {
        std::mutex mutex;
        std::vector<std::string> lines;
        {
            auto heard = options("good");
            heard.onOutput = [&](const std::string& line) {
                const std::scoped_lock lock(mutex);
                lines.push_back(line);
            };
            WorkerProcess worker(heard);
            QVERIFY(waitForStatus(worker, isReady));
            QVERIFY(submit(worker, "a", settings("print:one\n\ntwo"))->waitForEnd());
            QVERIFY(submit(worker, "b", settings("print:" + std::string(5000, 'x')))->waitForEnd());
        }
        // A line that is too long comes in pieces, the last one when the worker ends.
        QCOMPARE(lines,
                 (std::vector<std::string>{"one", "two" + std::string(4093, 'x'), std::string(907, 'x')}));
    }

    void replacesAWorkerThatDoesNotObeyACancel() {
        auto impatient = options("good");
        impatient.limits.cancel = 50ms;
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

    void replacesAWorkerThatHangs_data() {
        QTest::addColumn<QByteArray>("prompt");
        QTest::addColumn<QByteArray>("why");
        QTest::newRow("process stopped") << QByteArray("stop") << QByteArray("no sign of life for 2 s");
        QTest::newRow("device stuck") << QByteArray("stuck") << QByteArray("no step for 3 s");
    }

    void replacesAWorkerThatHangs() {
        QFETCH(QByteArray, prompt);
        QFETCH(QByteArray, why);
        auto impatient = options("good");
        impatient.limits.silence = 2s;
        impatient.limits.step = 3s;
        WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, isReady));
        const auto lost = submit(worker, "a", settings(prompt.toStdString()));
        QVERIFY(lost->waitForEnd());
        QCOMPARE(lost->endCode(), std::string(kWorkerLost));
        QVERIFY2(QByteArray::fromStdString(lost->ends.front()->detail).contains(why),
                 lost->ends.front()->detail.c_str());
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "a", settings("a fox"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
    }

    void replacesAWorkerThatStopsWhileItIsIdle() {
        auto impatient = options("good");
        impatient.limits.silence = 2s;
        WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, isReady));
        // Its pictures are done before it stops.
        const auto drawn = submit(worker, "a", settings("stop-after"));
        QVERIFY(drawn->waitForEnd());
        QVERIFY(waitForStatus(worker, [](const Status& status) { return !status.ready; }));
        QVERIFY(waitForStatus(worker, isReady));
    }

    void leavesASlowWorkerAlone() {
        auto impatient = options("good");
        impatient.limits.step = 50ms;
        WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "a", settings("slow:300"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
    }

    void timeThatAListenerTakesIsNotTheWorkers() {
        auto impatient = options("good");
        impatient.limits.silence = 1s;
        impatient.limits.step = 1s;
        WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, isReady));
        const auto heard = std::make_shared<Heard>();
        auto observer = Heard::observerOf(heard);
        observer.image = [](int, std::int64_t, const image::Image&) { std::this_thread::sleep_for(3s); };
        worker.submit("a", settings("a fox"), observer);
        QVERIFY(heard->waitForEnd());
        QCOMPARE(heard->endCode(), std::string());
    }

    void loadingHasAnEnd() {
        auto impatient = options("endless");
        impatient.limits.loading = 50ms;
        const WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY2(worker.status().message.find("it was not ready after") != std::string::npos,
                 worker.status().message.c_str());
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

    void saysThatAWorkerNeverGetsReadyAndGoesOnTrying() {
        const QTemporaryDir folder;
        const WorkerProcess worker(options(folder.filePath("exits").toStdString()));
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY(waitForStatus(worker, [](const Status& status) {
            return status.message.starts_with("The worker has ended 6 times while loading: exit status 3.");
        }));
        QVERIFY(worker.status().failed);
        mend(folder.filePath("exits"));
        QVERIFY(waitForStatus(worker, isReady));
    }

    void saysWhyAModelIsRefused() {
        const QTemporaryDir folder;
        auto seldom = options(folder.filePath("refused").toStdString());
        seldom.refusedPause = 1h;
        const WorkerProcess worker(seldom);
        QVERIFY(waitForStatus(worker, hasFailed));
        QCOMPARE(worker.status().message,
                 std::string("The model cannot be used: it is refused. Trying again in 3600 s."));
        QTest::qWait(200);
        QCOMPARE(QFile(folder.filePath("refused.starts")).size(), 1);
    }

    void takesAModelThatWasMended() {
        const QTemporaryDir folder;
        auto often = options(folder.filePath("refused").toStdString());
        often.refusedPause = 20ms;
        WorkerProcess worker(often);
        QVERIFY(waitForStatus(worker, hasFailed));
        mend(folder.filePath("refused"));
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "a", settings("a fox"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
    }

    void triesNoMoreWhenToldSo() {
        const QTemporaryDir folder;
        auto once = options(folder.filePath("refused").toStdString());
        once.keepsTrying = false;
        once.refusedPause = 0ms;
        const WorkerProcess worker(once);
        QVERIFY(waitForStatus(worker, hasFailed));
        QCOMPARE(worker.status().message, std::string("The model cannot be used: it is refused."));
        QTest::qWait(200);
        QCOMPARE(QFile(folder.filePath("refused.starts")).size(), 1);
    }

    void saysThatTheProgramIsMissing() {
        auto missing = options("good");
        missing.program = "/nowhere/easel-worker";
        const WorkerProcess worker(missing);
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY(worker.status().message.find("/nowhere/easel-worker") != std::string::npos);
    }

    void startsAnotherWhenThereAreDescriptorsAgain() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        const std::string tooMany = std::strerror(EMFILE);  // in the language of this process
        rlimit before{};
        QCOMPARE(::getrlimit(RLIMIT_NOFILE, &before), 0);
        rlimit none = before;
        none.rlim_cur = 0;  // What is open stays so; nothing more can be opened.
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &none), 0);
        const auto dies = submit(worker, "a", settings("crash"));
        const bool ended = dies->waitForEnd();
        const bool said = waitForStatus(worker, [&](const Status& status) {
            return status.failed && status.message.find(tooMany) != std::string::npos;
        });
        QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
        QVERIFY(ended);
        QVERIFY(said);
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "a", settings("a fox"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
    }

    void endsEvenAWorkerThatIsStopped() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        const auto heard = submit(worker, "a", settings("stop"));
        QVERIFY(heard->waitFor([&] { return heard->steps >= 2; }));
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
