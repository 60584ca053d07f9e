// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <optional>
#include <vector>

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QScopeGuard>
#include <QTcpSocket>
#include <QTest>

#include "server/generator/test_pattern.h"
#include "server/image/png.h"
#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

class TestServe : public ServeTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void refusesAnAddressThatOthersReach_data() {
        QTest::addColumn<QString>("address");
        QTest::newRow("every IPv4") << "0.0.0.0";
        QTest::newRow("every IPv6") << "::";
        QTest::newRow("one") << "192.0.2.1";
        QTest::newRow("a name") << "example.com";
    }

    void refusesAnAddressThatOthersReach() {
        QFETCH(QString, address);
        Program program(command({"--bind", address}));
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY(program.errors().contains("--allow-insecure"));
        QVERIFY(program.output().isEmpty());
    }

    void listensThereWhenTold() {
        QVERIFY(start({"--bind", "0.0.0.0", "--allow-insecure"}));
        m_url.replace("0.0.0.0", "127.0.0.1");
        QCOMPARE(get("/livez").status, 200);
    }

    void wrongArguments() {
        for (const QStringList& more : {QStringList{"--bind"},
                                        {"--colour"},
                                        {"--drain-seconds", "-1"},
                                        {"--keep-days", "0"},
                                        {"--max-work", "0"}}) {
            Program program(command(more));
            QCOMPARE(program.waitForEnd(), 2);
        }
        Program port({"serve", "--port", "65536"});
        QCOMPARE(port.waitForEnd(), 2);
        QVERIFY(port.errors().contains("--port"));
    }

    void saysThatThePortIsTaken() {
        QVERIFY(start());
        const QString port = m_url.section(':', -1);
        Program second(
            {"serve", "--port", port, "--data", m_folder->filePath("other"), "--model", "test-pattern"});
        QCOMPARE(second.waitForEnd(), 1);
        QVERIFY2(second.errors().contains(port.toUtf8()), second.errors());
        QVERIFY2(second.errors().contains("taken"), second.errors());
    }

    void twoServersNeverShareTheirData() {
        QVERIFY(start());
        Program second(command());
        QCOMPARE(second.waitForEnd(), 1);
        QVERIFY2(second.errors().contains("another easel-server uses it"), second.errors());
    }

    void twoServersNeverShareTheirDataWithoutItsLockFile() {
        QVERIFY(start());
        QVERIFY(QFile::remove(m_folder->filePath("data/lock")));
        Program second(command());
        QCOMPARE(second.waitForEnd(), 1);
        QVERIFY2(second.errors().contains("another easel-server uses it"), second.errors());
    }

    void isTheSameServerAfterARestart() {
        const auto idOf = [this] {
            return protocol::parseServerInfo(get("/v1/server").body.toStdString()).value().id;
        };
        QVERIFY(start());
        const auto id = idOf();
        QCOMPARE(id.size(), std::size_t{32});
        m_server.reset();  // before the next one wants the folder
        QVERIFY(start());  // at another port
        QCOMPARE(idOf(), id);
        QTemporaryDir other;
        m_server = std::make_unique<Program>(
            QStringList{"serve", "--port", "0", "--model", "test-pattern", "--data", other.path()});
        m_url = m_server->waitForLine("Listening on ");
        QVERIFY(idOf() != id);
    }

    void whatItKeepsIsItsOwnersAlone() {
        const auto before = ::umask(0);
        const bool started = start();
        ::umask(before);
        QVERIFY(started);
        QVERIFY(waitForState(submit("a fox"), JobState::Succeeded));
        int found = 0;
        QDirIterator all(m_folder->filePath("data"), QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden,
                         QDirIterator::Subdirectories);
        while (all.hasNext()) {
            const QString place = all.next();
            struct stat status {};
            QCOMPARE(::stat(qPrintable(place), &status), 0);
            QVERIFY2((status.st_mode & 077) == 0, qPrintable(place));
            ++found;
        }
        QVERIFY(found >= 6);  // the mark, lock, jobs.sqlite, images, a job's folder and its picture
    }

    void writesThePortFile() {
        QVERIFY(start({"--port-file", m_folder->filePath("port")}));
        QFile file(m_folder->filePath("port"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(QString::fromUtf8(file.readAll()).trimmed(), m_url.section(':', -1));
    }

    void draws() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        const auto answer = get("/?prompt=a+fox&seed=42&width=64&height=72");
        QCOMPARE(answer.status, 200);
        const std::vector<std::uint8_t> bytes(answer.body.begin(), answer.body.end());
        QVERIFY(image::decodePng(bytes).value() == generator::testPattern(64, 72, 42));
    }

    void drawsATestPattern() {
        m_server = std::make_unique<Program>(QStringList{"serve", "--port", "0", "--model", "test-pattern",
                                                         "--data", m_folder->filePath("data")});
        m_url = m_server->waitForLine("Listening on ");
        QVERIFY(waitForReady());
        const auto id = submit("a fox");
        QVERIFY(waitForState(id, JobState::Succeeded));
    }

    /// However few descriptors there are, connections leave enough of them for jobs.
    void idleConnectionsCostNoJob() {
        const auto few = [] {
            const rlimit limit{64, 128};
            ::setrlimit(RLIMIT_NOFILE, &limit);
        };
        m_server = std::make_unique<Program>(command(), QString(), few);
        m_url = m_server->waitForLine("Listening on ");
        QVERIFY(waitForReady());
        std::vector<std::unique_ptr<QTcpSocket>> idle;
        for (int i = 0; i < 200; ++i) {
            idle.push_back(std::make_unique<QTcpSocket>());
            idle.back()->connectToHost("127.0.0.1", static_cast<quint16>(QUrl(m_url).port()));
            QVERIFY(idle.back()->waitForConnected(kPatienceMs));
        }
        const auto id = submit("a fox");
        QVERIFY(waitForState(id, JobState::Succeeded));
        QCOMPARE(get(protocol::routes::jobImage(id, 0)).status, 200);

        QFile limits(QStringLiteral("/proc/%1/limits").arg(m_server->pid()));
        QVERIFY(limits.open(QIODevice::ReadOnly));
        static const QRegularExpression raised("Max open files +128 +128 ");
        QVERIFY(QString::fromUtf8(limits.readAll()).contains(raised));
    }

    void saysWhyItCannotDraw() {
        QVERIFY(start({}, "refused"));
        QVERIFY(QTest::qWaitFor([&] { return get("/readyz").body.contains("it is refused"); }, kPatienceMs));
        QCOMPARE(get("/readyz").status, 503);
        QCOMPARE(get("/livez").status, 200);
        QCOMPARE(submit("a fox"), std::string());
    }

    void triesToStartAWorkerForAsLongAsItLives() {
        QVERIFY(start({}, "exits"));
        const QByteArray cause = "The worker has ended 5 times while loading: exit status 3.";
        QVERIFY(QTest::qWaitFor([&] { return get("/readyz").body.contains(cause); }, kPatienceMs));
        QCOMPARE(get("/readyz").status, 503);
        QFile mended(m_folder->filePath("exits.mended"));
        QVERIFY(mended.open(QIODevice::WriteOnly));
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("a fox"), JobState::Succeeded));
    }

    void tellsWhatItDrawsOtherwise() {
        m_server = std::make_unique<Program>(QStringList{"serve", "--port", "0", "--data",
                                                         m_folder->filePath("data"), "--worker", FAKE_WORKER,
                                                         "--model", oddModel(m_folder->path())});
        m_url = m_server->waitForLine("Listening on ");
        QVERIFY(waitForReady());
        const auto models = protocol::parseModelPage(get("/v1/models").body.toStdString()).value().models;
        QCOMPARE(models.front().sampler, std::string("dpmpp_2m"));
        QCOMPARE(models.front().notes.size(), std::size_t{1});
        QVERIFY(models.front().notes[0].find("DPMSolverSinglestepScheduler") != std::string::npos);
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY2(m_server->errors().contains("DPMSolverSinglestepScheduler"), m_server->errors());
        QVERIFY2(m_server->errors().contains("Something is idle."), m_server->errors());
    }

    void aFullDiskCanBeEmptied() {
        // A disk of its own, for this process and its children alone.
        const QString place = m_folder->filePath("data");
        QVERIFY(QDir().mkpath(place));
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("easel", qPrintable(place), "tmpfs", 0, "size=8m,mode=0700") != 0) {
            QSKIP("Only root may mount here.");
        }
        const auto unmount = qScopeGuard([&] {
            m_server.reset();
            ::umount2(qPrintable(place), MNT_DETACH);
        });
        const auto serve = [&] {
            m_server.reset();
            m_server = std::make_unique<Program>(QStringList{
                "serve", "--port", "0", "--data", place, "--model", "test-pattern", "--min-free-mib", "2"});
            m_url = m_server->waitForLine("Listening on ");
            return !m_url.isEmpty();
        };
        QVERIFY(serve());
        QVERIFY(waitForReady());
        std::vector<std::string> jobs;
        for (std::string id; jobs.size() < 1000 && !(id = submit("a fox", 1, 256)).empty();) {
            QVERIFY(waitForState(id, JobState::Succeeded));
            jobs.push_back(id);
        }
        QVERIFY(jobs.size() > 1 && jobs.size() < 1000);
        const Answer ready = get("/readyz");
        QCOMPARE(ready.status, 503);
        QVERIFY2(ready.body.contains("2 MiB are kept"), ready.body);

        QFile filler(place + "/filler");
        QVERIFY(filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
        const QByteArray block(4096, 'x');
        while (filler.write(block) == block.size()) {
        }
        m_server->signal(SIGKILL);
        QVERIFY(serve());
        for (const std::string& id : jobs) {
            const auto url = request(protocol::routes::job(id));
            QCOMPARE(wait(m_network.deleteResource(url)).status, 204);
        }
        QVERIFY(filler.remove());
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("a fox"), JobState::Succeeded));
    }

    void keepsNoMoreThanItIsTold() {
        QVERIFY(start());
        const auto older = submit("a fox");
        QVERIFY(waitForState(older, JobState::Succeeded));
        const auto newer = submit("a fox");
        QVERIFY(waitForState(newer, JobState::Succeeded));
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY(start({"--keep-jobs", "1"}));
        const auto statusOf = [this](const std::string& id) {
            return get("/v1/jobs/" + id + "/images/0").status;
        };
        QVERIFY(QTest::qWaitFor([&] { return statusOf(older) == 404; }, kPatienceMs));
        QCOMPARE(statusOf(newer), 200);
    }

    /// From the worker through the queue to who follows.
    void showsWhatIsDrawn() {
        QVERIFY(start());
        QVERIFY(get("/v1/server").body.contains("\"previews\":true"));
        QCOMPARE(post("/v1/queue/pause").status, 200);
        auto asking = request("/v1/jobs");
        asking.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
        const auto answer = wait(
            m_network.post(asking, R"({"prompt":"fox","width":64,"height":64,"steps":5,"preview_every":2})"));
        const auto job = protocol::parseJob(answer.body.toStdString());
        QVERIFY2(job, answer.body);
        QNetworkReply* const followed = m_network.get(request(protocol::routes::jobEvents(job->id)));
        const auto isFollowed = [&] {
            return followed->peek(followed->bytesAvailable()).contains("event: state");
        };
        QVERIFY(QTest::qWaitFor(isFollowed, kPatienceMs));
        QCOMPARE(post("/v1/queue/resume").status, 200);
        const auto events = wait(followed).body;
        QVERIFY2(events.contains("event: preview\ndata: {"), events);
        QVERIFY2(events.contains("event: done"), events);
    }

    void takesNoMoreWorkThanItIsTold() {
        Program tooLittle(command({"--max-work", "0.001"}));
        QCOMPARE(tooLittle.waitForEnd(), 2);
        QVERIFY2(tooLittle.errors().contains("less than one picture"), tooLittle.errors());
        QVERIFY(start({"--max-work", "500"}));
        QVERIFY(get("/v1/server").body.contains("\"max_work\":500"));
        const auto answer = get("/?prompt=fox&width=2048&height=2048&steps=500");
        QCOMPARE(answer.status, 422);
        QVERIFY2(answer.body.contains("takes at most 500 in one request"), answer.body);
    }

    void terminationFinishesWhatRuns() {
        QVERIFY(start({"--drain-seconds", "60"}));
        const auto running = submit("slow", 20);
        const auto waiting = submit("slow", 20);
        QVERIFY(waitForStep(running));
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY(start());
        QVERIFY(job(running).state == JobState::Succeeded);
        QCOMPARE(job(running).attempt, 1);
        QVERIFY(waitForState(waiting, JobState::Succeeded));
    }

    void terminationGivesBackWhatTakesTooLong() {
        QVERIFY(start({"--drain-seconds", "0"}));
        const auto running = submit("slow", 100);
        const auto waiting = submit("a fox");
        QVERIFY(waitForStep(running));
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY(start());
        QVERIFY(waitForState(waiting, JobState::Succeeded));
        QVERIFY(job(running).state == JobState::Succeeded);
        QCOMPARE(job(running).attempt, 2);
    }

    void aKilledServerLeavesNoWorkerAndLosesNoJob() {
        QVERIFY(start());
        const auto running = submit("slow", 100);
        const auto waiting = submit("a fox");
        QVERIFY(waitForStep(running));
        const auto workers = childrenOf(m_server->pid());
        QCOMPARE(workers.size(), 1);
        m_server->signal(SIGKILL);
        QCOMPARE(m_server->waitForEnd(), -1);
        QVERIFY(QTest::qWaitFor([&] { return !isAlive(workers.front()); }, kPatienceMs));
        QVERIFY(start());
        QVERIFY(waitForState(waiting, JobState::Succeeded));
        QVERIFY(job(running).state == JobState::Succeeded);
        QCOMPARE(job(running).attempt, 2);
        QCOMPARE(get(protocol::routes::jobImage(running, 0)).status, 200);
    }

    void aKilledServerMayHoldWhatItDrew() {
        Program wrong(command({"--on-restart", "perhaps"}));
        QCOMPARE(wrong.waitForEnd(), 2);
        QVERIFY(start());
        const auto running = submit("slow", 100);
        const auto waiting = submit("a fox");
        QVERIFY(waitForStep(running));
        m_server->signal(SIGKILL);
        QCOMPARE(m_server->waitForEnd(), -1);
        QVERIFY(start({"--on-restart", "hold"}));
        QVERIFY(waitForState(waiting, JobState::Succeeded));
        QVERIFY(job(running).state == JobState::Held);
        QVERIFY(job(running).hold->reason == protocol::HoldReason::Restarted);
        wait(m_network.post(request(protocol::routes::jobRelease(running)), QByteArray()));
        QVERIFY(waitForState(running, JobState::Succeeded));
        QCOMPARE(job(running).attempt, 2);
    }

    void aKilledWorkerCostsARetry() {
        QVERIFY(start());
        const auto id = submit("slow", 50);
        QVERIFY(waitForStep(id));
        const auto workers = childrenOf(m_server->pid());
        QCOMPARE(workers.size(), 1);
        ::kill(static_cast<pid_t>(workers.front()), SIGKILL);
        QVERIFY(waitForState(id, JobState::Succeeded));
        QCOMPARE(job(id).attempt, 2);
    }

    void aWorkerThatAlwaysDiesFailsTheJobAlone() {
        QVERIFY(start());
        const auto deadly = submit("crash");
        const auto innocent = submit("a fox");
        QVERIFY(waitForState(innocent, JobState::Succeeded));
        const auto failed = job(deadly);
        QVERIFY(failed.state == JobState::Failed);
        QCOMPARE(failed.error->code, std::string("worker_lost"));
        QCOMPARE(failed.attempt, 3);
    }
};

QTEST_GUILESS_MAIN(TestServe)
#include "test_serve.moc"
