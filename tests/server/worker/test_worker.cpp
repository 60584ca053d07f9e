// SPDX-License-Identifier: Apache-2.0
// The real easel-worker with a tiny model, at the other end of a socket pair.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <string>
#include <vector>

#include <QFile>
#include <QTest>

#include "server/generator/frames.h"

using namespace easel;
using namespace easel::generator;

namespace {

const std::string kModels = EASEL_SOURCE_DIR "/tests/fixtures/models/";

/// An easel-worker as a child of this test, which kills it at the end.
class Worker {
public:
    explicit Worker(const std::string& model, const std::string& device = "cpu",
                    const std::string& precision = "auto")
        : Worker(sockets(), model, device, precision) {}

    ~Worker() {
        if (m_pid > 0) {
            ::kill(m_pid, SIGKILL);
            ::waitpid(m_pid, nullptr, 0);
        }
    }

    FrameChannel& channel() { return m_channel; }

    pid_t pid() const { return m_pid; }

    /// The next frame but for heartbeats, which must be a T.
    template <typename T>
    T next() {
        auto frame = m_channel.read();
        while (frame && frame->has_value() && std::holds_alternative<Heartbeat>(**frame)) {
            frame = m_channel.read();
        }
        if (!frame || !frame->has_value() || !std::holds_alternative<T>(**frame)) {
            throw std::runtime_error("the worker said something else");
        }
        return std::get<T>(std::move(**frame));
    }

    /// Frames until the first T, without it.
    template <typename T>
    T nextAfterOthers(std::vector<Frame>* others = nullptr) {
        while (true) {
            auto frame = m_channel.read();
            if (!frame || !frame->has_value()) {
                throw std::runtime_error("the worker has gone");
            }
            if (auto* wanted = std::get_if<T>(&**frame)) {
                return std::move(*wanted);
            }
            if (others != nullptr && !std::holds_alternative<Heartbeat>(**frame)) {
                others->push_back(std::move(**frame));
            }
        }
    }

    int exitStatus() {
        int status = 0;
        ::waitpid(m_pid, &status, 0);
        m_pid = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    struct Sockets {
        int ours;
        int theirs;
    };

    static Sockets sockets() {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
            throw std::runtime_error("no sockets");
        }
        return {pair[0], pair[1]};
    }

    Worker(Sockets pair, const std::string& model, const std::string& device, const std::string& precision)
        : m_channel(pair.ours) {
        const std::string fd = std::to_string(pair.theirs);
        m_pid = ::fork();
        if (m_pid == 0) {
            ::execl(WORKER_PROGRAM, "easel-worker", "--socket-fd", fd.c_str(), "--device", device.c_str(),
                    "--precision", precision.c_str(), "--", "first", model.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(pair.theirs);
    }

    FrameChannel m_channel;
    pid_t m_pid = -1;
};

Generate request(const std::string& id, int steps) {
    Generate generate{id, {}, ModelPlace{"first", kModels + "sd1-tiny"}};
    generate.settings.model = "first";
    generate.settings.prompt = "a red circle";
    generate.settings.width = 64;
    generate.settings.height = 64;
    generate.settings.steps = steps;
    generate.settings.sampler = "ddim";
    generate.settings.seed = 9;
    return generate;
}

void waitUntilReady(Worker& worker) {
    QVERIFY(!worker.next<WorkerStatus>().status.ready);
    const Status status = worker.next<WorkerStatus>().status;
    QVERIFY2(status.ready, status.message.c_str());
    QCOMPARE(status.device, std::string("cpu"));
    QVERIFY(status.precision == "fp32" || status.precision == "bf16");  // what the processor is faster in
}

}  // namespace

class WorkerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void drawsSideBySide();
    void cancelsWhatRunsAndWhatWaits();
    void saysWhyItCannotWork_data();
    void saysWhyItCannotWork();
    void endsWhenNobodyListens();
    void givesSignsOfLife();
    void gainsNoPrivileges();
};

void WorkerTest::drawsSideBySide() {
    Worker worker(kModels + "sd1-tiny");
    auto two = request("long", 40);
    two.settings.count = 2;
    QVERIFY(worker.channel().write(two));  // at once: it may come before the model is loaded
    QVERIFY(worker.channel().write(request("short", 1)));
    waitUntilReady(worker);

    std::vector<Frame> others;
    const auto soon = worker.nextAfterOthers<Finished>(&others);
    QCOMPARE(soon.id, std::string("short"));  // it does not wait for the one before it
    QVERIFY(!soon.problem);
    const auto late = worker.nextAfterOthers<Finished>(&others);
    QCOMPARE(late.id, std::string("long"));
    QVERIFY(!late.problem);
    std::map<std::string, std::vector<std::int64_t>> seeds;
    std::map<std::string, int> lastStep;
    for (const auto& frame : others) {
        if (const auto* picture = std::get_if<Picture>(&frame)) {
            QCOMPARE(picture->image.width, 64);
            QCOMPARE(picture->image.rgb.size(), std::size_t{64 * 64 * 3});
            seeds[picture->id].push_back(picture->seed);
        } else {
            const auto& made = std::get<ProgressMade>(frame);
            QVERIFY(made.progress.step >= lastStep[made.id]);
            lastStep[made.id] = made.progress.step;
        }
    }
    QVERIFY((seeds["long"] == std::vector<std::int64_t>{9, 10}));
    QVERIFY((seeds["short"] == std::vector<std::int64_t>{9}));
    QCOMPARE(lastStep["long"], 80);
    QCOMPARE(lastStep["short"], 1);
}

void WorkerTest::cancelsWhatRunsAndWhatWaits() {
    Worker worker(kModels + "sd1-tiny");
    waitUntilReady(worker);
    QVERIFY(worker.channel().write(request("running", 500)));
    QVERIFY(worker.channel().write(request("waiting", 500)));
    worker.next<ProgressMade>();
    QVERIFY(worker.channel().write(Cancel{"nobody"}));
    QVERIFY(worker.channel().write(Cancel{"waiting"}));
    const auto waiting = worker.nextAfterOthers<Finished>();
    QCOMPARE(waiting.id, std::string("waiting"));
    QVERIFY(waiting.problem && waiting.problem->code == kCancelled);

    QVERIFY(worker.channel().write(Cancel{"running"}));
    const auto running = worker.nextAfterOthers<Finished>();
    QCOMPARE(running.id, std::string("running"));
    QVERIFY(running.problem && running.problem->code == kCancelled);

    QVERIFY(worker.channel().write(request("after", 1)));
    QVERIFY(!worker.nextAfterOthers<Finished>().problem);
}

void WorkerTest::saysWhyItCannotWork_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("device");
    QTest::addColumn<QString>("precision");
    QTest::addColumn<QString>("word");
    QTest::newRow("no model") << "nowhere"
                              << "cpu"
                              << "auto"
                              << "nowhere";
    QTest::newRow("no such device") << "sd1-tiny"
                                    << "abacus"
                                    << "auto"
                                    << "abacus";
    QTest::newRow("the CPU cannot do that") << "sd1-tiny"
                                            << "cpu"
                                            << "fp16"
                                            << "fp32";
}

void WorkerTest::saysWhyItCannotWork() {
    QFETCH(QString, model);
    QFETCH(QString, device);
    QFETCH(QString, precision);
    QFETCH(QString, word);
    Worker worker(kModels + model.toStdString(), device.toStdString(), precision.toStdString());
    worker.next<WorkerStatus>();
    const Status status = worker.next<WorkerStatus>().status;
    QVERIFY(!status.ready);
    QVERIFY(status.failed);
    QVERIFY2(status.message.find(word.toStdString()) != std::string::npos, status.message.c_str());
    QVERIFY(worker.exitStatus() != 0);
}

void WorkerTest::endsWhenNobodyListens() {
    Worker worker(kModels + "sd1-tiny");
    waitUntilReady(worker);
    QVERIFY(worker.channel().write(request("running", 500)));
    worker.next<ProgressMade>();
    worker.channel().shutdown();
    QCOMPARE(worker.exitStatus(), 0);
}

void WorkerTest::givesSignsOfLife() {
    Worker worker(kModels + "sd1-tiny");
    waitUntilReady(worker);
    QVERIFY(worker.channel().write(request("running", 500)));
    worker.nextAfterOthers<Heartbeat>();
}

void WorkerTest::gainsNoPrivileges() {
    Worker worker(kModels + "sd1-tiny");
    worker.nextAfterOthers<WorkerStatus>();
    QFile status(QStringLiteral("/proc/%1/status").arg(worker.pid()));
    QVERIFY(status.open(QIODevice::ReadOnly));
    QVERIFY(status.readAll().contains("NoNewPrivs:\t1\n"));
}

QTEST_GUILESS_MAIN(WorkerTest)
#include "test_worker.moc"
