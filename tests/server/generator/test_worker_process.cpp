// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"
#include "tests/server/generator/fake_worker_process.h"

using namespace easel;
using namespace easel::generator;
using namespace easel::tests;

namespace {

QByteArray environmentOfTheWorker(const std::vector<std::string>& own = {}) {
    auto telling = options("environment");
    telling.environment = [own] { return own; };
    const WorkerProcess worker(telling);
    return waitForStatus(worker, isReady) ? QByteArray::fromStdString(worker.status().message) : QByteArray();
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

    void shows() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        auto wish = settings("a fox");
        wish.count = 2;
        const auto unseen = submit(worker, "a", wish);
        QVERIFY(unseen->waitForEnd());
        QVERIFY(unseen->previews.empty());
        wish.previewEvery = 2;
        const auto heard = submit(worker, "b", wish);
        QVERIFY(heard->waitForEnd());
        const std::vector<Preview> expected{{0, 2, 5, testPattern(64, 64, 42)},
                                            {0, 4, 5, testPattern(64, 64, 42)},
                                            {1, 2, 5, testPattern(64, 64, 43)},
                                            {1, 4, 5, testPattern(64, 64, 43)}};
        QVERIFY(heard->previews == expected);
        QCOMPARE(heard->images.size(), std::size_t{2});
    }

    void previewsThatAreTooLargeEndTheWorker() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        auto wish = settings("too large");
        wish.previewEvery = 1;
        const auto heard = submit(worker, "a", wish);
        QVERIFY(heard->waitForEnd());
        QCOMPARE(heard->endCode(), std::string(kWorkerLost));
        QVERIFY(heard->previews.empty());
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

    void variablesForTheWorkerTakeThePlaceOfOurs() {
        qputenv("LD_LIBRARY_PATH", "/ours");
        const QByteArray given = environmentOfTheWorker({"LD_LIBRARY_PATH=/libtorch:/ours"});
        qunsetenv("LD_LIBRARY_PATH");
        QVERIFY(given.contains("\nLD_LIBRARY_PATH=/libtorch:/ours\n"));
        QVERIFY(!given.contains("\nLD_LIBRARY_PATH=/ours\n"));
        QVERIFY(given.contains("\nPATH=" + qgetenv("PATH") + "\n"));
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

    void isNotReadyAtOnce() {
        WorkerProcess worker(options("slow-start"));
        const auto heard = submit(worker, "a", settings("a fox"));
        QCOMPARE(heard->endCode(), std::string("unavailable"));
        QVERIFY(waitForStatus(worker, isReady));
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
