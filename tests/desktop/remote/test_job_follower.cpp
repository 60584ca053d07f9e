// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/job_follower.h"
#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using namespace std::chrono_literals;
using protocol::JobState;
using remote::JobFollower;
using tests::FakeRequest;
using tests::FakeServer;

namespace {

constexpr JobFollower::Timing kQuick{.silence = 10'000ms, .firstPause = 10ms, .longestPause = 50ms};

/// A job that the test moves along, and its events as the server writes them.
struct Script {
    protocol::Job job;
    std::uint64_t sequence = 0;

    Script() {
        job.id = "j_7";
        job.settings.prompt = "a cat";
        job.settings.model = "starter";
        job.settings.sampler = "ddim";
        job.settings.count = 2;
        job.createdAt = 1'790'000'000'000;
    }

    QByteArray event(decltype(protocol::JobEvent::news) news) {
        const protocol::JobEvent event{++sequence, job.id, std::move(news)};
        return "id: " + QByteArray::number(static_cast<qulonglong>(sequence)) +
               "\nevent: " + QByteArray::fromStdString(std::string(protocol::nameOf(event))) +
               "\ndata: " + QByteArray::fromStdString(protocol::eventData(event)) + "\n\n";
    }
    QByteArray state(JobState state) {
        job.state = state;
        return event(job);
    }
    QByteArray step(int step) {
        job.progress = {protocol::Stage::Denoising, step, 4, 4.0 - step};
        return event(job.progress);
    }
    QByteArray image(int index) {
        job.images.push_back({index, 41 + index, 64, 64, 100, "image/png"});
        return event(job.images.back());
    }
};

/// Braces keep the order in which events are made; operands of + do not.
QByteArray stream(const QByteArrayList& events) {
    return tests::streamHead() + events.join();
}

}  // namespace

class TestJobFollower : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void followsToTheEnd();
    void goesOnAfterACut();
    void takesSilenceForACut();
    void waitsForAServerThatIsAway();
    void saysWhenTheJobIsUnknown();
    void skipsEventsOfANewerServer();
    void stopsWithTheAddress();
    void passesPreviewsOn();
};

void TestJobFollower::followsToTheEnd() {
    Script script;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({script.state(JobState::Queued), ": heartbeat\n\n",
                             script.state(JobState::Running), script.step(1), script.step(2), script.image(0),
                             script.step(4), script.image(1), script.state(JobState::Succeeded)}));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QList<int> steps;
    connect(&follower, &JobFollower::changed, this,
            [&](const protocol::Job& job) { steps << job.progress.step; });
    QSignalSpy finished(&follower, &JobFollower::finished);
    follower.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(steps, (QList<int>{0, 0, 1, 2, 2, 4, 4, 4}));
    QCOMPARE(follower.job().images.size(), 2u);
    QCOMPARE(follower.job().images[1].seed, 42);
    QCOMPARE(finished[0][0].value<protocol::Job>(), script.job);
    QCOMPARE(server.count("GET", "/v1/jobs/j_7/events"), 1);
    QCOMPARE(server.requests().first().headers.value("accept"), "text/event-stream");
}

void TestJobFollower::goesOnAfterACut() {
    Script script;
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (!request.headers.contains("last-event-id")) {
            socket.write(
                stream({script.state(JobState::Running), script.image(0), "event: progress\ndata: {\"st"}));
            socket.disconnectFromHost();
        } else {
            // What a server says to one who comes back: the whole job, then what is new.
            socket.write(stream(
                {script.state(JobState::Running), script.image(1), script.state(JobState::Succeeded)}));
        }
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QSignalSpy finished(&follower, &JobFollower::finished);
    follower.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(server.requests().size(), 2);
    QCOMPARE(server.requests()[1].headers.value("last-event-id"), "2");
    QCOMPARE(follower.job().images.size(), 2u);
}

void TestJobFollower::takesSilenceForACut() {
    Script script;
    bool first = true;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({script.state(JobState::Running)}));
        if (!std::exchange(first, false)) {
            socket.write(script.state(JobState::Succeeded));
        }
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", {.silence = 200ms, .firstPause = 10ms, .longestPause = 50ms});
    QSignalSpy finished(&follower, &JobFollower::finished);
    follower.start();
    QTRY_COMPARE(finished.size(), 1);
    QVERIFY(server.requests().size() >= 2);
}

void TestJobFollower::waitsForAServerThatIsAway() {
    Script script;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({script.state(JobState::Succeeded)}));
    });
    server.stop();
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", {.silence = 10'000ms, .firstPause = 10ms, .longestPause = 60'000ms});
    QSignalSpy finished(&follower, &JobFollower::finished);
    QSignalSpy lost(&follower, &JobFollower::lost);
    follower.start();
    QTest::qWait(100);
    QCOMPARE(finished.size() + lost.size(), 0);
    server.start();
    // The pauses have grown by now; being told that the network is back ends them.
    follower.tryNow();
    QTRY_COMPARE(finished.size(), 1);
}

void TestJobFollower::saysWhenTheJobIsUnknown() {
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(
            tests::answer(404, "application/problem+json",
                          QByteArray::fromStdString(protocol::toJson(protocol::notFound("job j_7")))));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QSignalSpy lost(&follower, &JobFollower::lost);
    follower.start();
    QTRY_COMPARE(lost.size(), 1);
    QCOMPARE(lost[0][0].value<protocol::Problem>().status, 404);
    QTest::qWait(100);
    QCOMPARE(server.requests().size(), 1);
}

void TestJobFollower::skipsEventsOfANewerServer() {
    Script script;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({"event: sparkle\nid: 1\ndata: {}\n\nevent: progress\ndata: nonsense\n\n",
                             script.state(JobState::Cancelled)}));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QSignalSpy finished(&follower, &JobFollower::finished);
    follower.start();
    QTRY_COMPARE(finished.size(), 1);
    QVERIFY(follower.job().state == JobState::Cancelled);
    QCOMPARE(server.requests().size(), 1);
}

void TestJobFollower::stopsWithTheAddress() {
    Script script;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({script.state(JobState::Running)}));
    });
    FakeServer other([](const FakeRequest&, QTcpSocket&) {});
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QSignalSpy changed(&follower, &JobFollower::changed);
    follower.start();
    QTRY_COMPARE(changed.size(), 1);
    remote.setAddress(other.url());
    QTest::qWait(100);
    QVERIFY(other.requests().isEmpty());
}

void TestJobFollower::passesPreviewsOn() {
    Script script;
    protocol::Preview preview{1, 2, 4, 64, 48, "image/jpeg", "a small file"};
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(stream({script.state(JobState::Running), script.step(2), script.event(preview),
                             script.step(3), script.state(JobState::Succeeded)}));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    JobFollower follower(remote, "j_7", kQuick);
    QList<protocol::Preview> previews;
    connect(&follower, &JobFollower::previewed, this,
            [&](const protocol::Preview& seen) { previews << seen; });
    QSignalSpy changes(&follower, &JobFollower::changed);
    QSignalSpy finished(&follower, &JobFollower::finished);
    follower.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(previews, QList<protocol::Preview>{preview});
    QCOMPARE(changes.size(), 4);
}

QTEST_GUILESS_MAIN(TestJobFollower)
#include "test_job_follower.moc"
