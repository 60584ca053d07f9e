// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "server/generator/worker_process.h"
#include "tests/server/generator/fake_worker_process.h"

using namespace easel;
using namespace easel::generator;
using namespace easel::tests;
using namespace std::chrono_literals;

namespace {

void mend(const QString& model) {
    QFile(model + ".mended").open(QIODevice::WriteOnly);
}

}  // namespace

/// Workers that crash, hang or cannot begin.
class TestWorkerLosses : public QObject {
    Q_OBJECT

private Q_SLOTS:
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

    void aListenerThatThrowsCostsTheWorker() {
        WorkerProcess worker(options("good"));
        QVERIFY(waitForStatus(worker, isReady));
        const auto heard = std::make_shared<Heard>();
        auto observer = Heard::observerOf(heard);
        observer.image = [](int, std::int64_t, const image::Image&) { throw std::bad_alloc(); };
        worker.submit("a", settings("a fox"), observer);
        QVERIFY(heard->waitForEnd());
        QCOMPARE(heard->endCode(), std::string(kWorkerLost));
        QVERIFY2(heard->ends.front()->detail.find("could not take what it said") != std::string::npos,
                 heard->ends.front()->detail.c_str());
        QVERIFY(waitForStatus(worker, isReady));
    }

    void materialsThatCannotBeFoundForAnExceptionFailTheirRequest() {
        auto careless = options("good");
        careless.gather =
            [](const protocol::GenerationSettings&) -> protocol::Expected<std::vector<Material>> {
            throw std::runtime_error("a folder that vanished");
        };
        WorkerProcess worker(careless);
        QVERIFY(waitForStatus(worker, isReady));
        const auto failed = submit(worker, "a", settings("a fox"));
        QVERIFY(failed->waitForEnd());
        QCOMPARE(failed->endCode(), std::string("internal"));
    }

    void loadingHasAnEnd() {
        auto impatient = options("endless");
        impatient.limits.loading = 50ms;
        const WorkerProcess worker(impatient);
        QVERIFY(waitForStatus(worker, hasFailed));
        QVERIFY2(worker.status().message.find("it was not ready after") != std::string::npos,
                 worker.status().message.c_str());
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

    void saysWhatIsMissingAndTakesItUp() {
        std::atomic<bool> isThere = false;
        auto waiting = options("good");
        waiting.missingPause = 20ms;
        waiting.environment = [&isThere]() -> protocol::Expected<std::vector<std::string>> {
            return isThere ? protocol::Expected<std::vector<std::string>>()
                           : tl::unexpected(protocol::unavailable("It is missing."));
        };
        WorkerProcess worker(waiting);
        QVERIFY(waitForStatus(worker, hasFailed));
        QCOMPARE(worker.status().message, std::string("It is missing. Trying again in 1 s."));
        QCOMPARE(submit(worker, "a", settings("a fox"))->endCode(), std::string("unavailable"));
        isThere = true;
        QVERIFY(waitForStatus(worker, isReady));
        const auto drawn = submit(worker, "b", settings("a fox"));
        QVERIFY(drawn->waitForEnd());
        QCOMPARE(drawn->endCode(), std::string());
    }

    void whatIsMissingIsTheEndWhenToldSo() {
        auto once = options("good");
        once.keepsTrying = false;
        once.environment = [] { return tl::unexpected(protocol::unavailable("It is missing.")); };
        const WorkerProcess worker(once);
        QVERIFY(waitForStatus(worker, hasFailed));
        QCOMPARE(worker.status().message, std::string("It is missing."));
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
};

QTEST_GUILESS_MAIN(TestWorkerLosses)
#include "test_worker_losses.moc"
