// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using namespace std::chrono_literals;
using remote::ServerLink;
using tests::FakeRequest;
using tests::FakeServer;
using State = ServerLink::State;

namespace {

constexpr ServerLink::Timing kQuick{
    .whenConnected = 20ms, .whenNotReady = 20ms, .firstPause = 20ms, .longestPause = 40ms};

protocol::ServerInfo readyServer() {
    protocol::ServerInfo info;
    info.version = "0.1.0";
    info.ready = true;
    return info;
}

/// Answers for the server that `info` describes, with one model.
FakeServer::Handler answering(const protocol::ServerInfo& info) {
    return [&info](const FakeRequest& request, QTcpSocket& socket) {
        protocol::ModelInfo model;
        model.id = info.defaultModel;
        if (request.path == "/v1/server") {
            socket.write(tests::jsonAnswer(protocol::toJson(info)));
        } else {
            socket.write(tests::jsonAnswer(protocol::toJson(protocol::ModelPage{{model}, {}})));
        }
    };
}

}  // namespace

class TestServerLink : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void connects();
    void followsTheServersState();
    void comesBackByItself();
    void countsDownAndTriesNow();
    void saysWhoRefuses();
    void forgetsTheLastServer();
};

void TestServerLink::connects() {
    protocol::ServerInfo info = readyServer();
    info.deviceName = "NVIDIA T4";
    info.defaultModel = "starter";
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    QCOMPARE(link.state(), State::NoAddress);
    QSignalSpy states(&link, &ServerLink::stateChanged);
    link.connectTo(server.url());
    QCOMPARE(link.state(), State::Connecting);
    QTRY_COMPARE(link.state(), State::Connected);
    QTRY_COMPARE(link.models().size(), 1u);
    QCOMPARE(link.models().front().id, "starter");
    QCOMPARE(*link.info(), info);
    QVERIFY(link.describe().endsWith("NVIDIA T4 · ready"));
    QCOMPARE(states.size(), 2);
    // It goes on asking, and says nothing while nothing changes.
    QTRY_VERIFY(server.count("GET", "/v1/server") >= 3);
    QCOMPARE(states.size(), 2);
    QCOMPARE(server.count("GET", "/v1/models"), 1);
}

void TestServerLink::followsTheServersState() {
    protocol::ServerInfo info = readyServer();
    info.ready = false;
    info.status = "Loading the model";
    info.defaultModel = "starter";
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::LoadingModel);
    QVERIFY(link.isOnline());
    QVERIFY(link.describe().endsWith("Loading the model"));
    info.ready = true;
    info.defaultModel = "other";
    QTRY_COMPARE(link.state(), State::Connected);
    QTRY_VERIFY(!link.models().empty() && link.models().front().id == "other");
    info.paused = true;
    QTRY_VERIFY(link.describe().endsWith(" · queue paused"));
    QVERIFY(link.isOnline());
    info.paused = false;
    QTRY_VERIFY(link.describe().endsWith(" · ready"));
}

void TestServerLink::comesBackByItself() {
    protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::Connected);
    server.stop();
    QTRY_COMPARE(link.state(), State::Unreachable);
    QVERIFY(!link.isOnline());
    QCOMPARE(link.problem()->code, std::string(remote::kUnreachable));
    QVERIFY(link.info());  // the controls keep their limits
    server.start();
    QTRY_COMPARE(link.state(), State::Connected);
    QVERIFY(!link.problem());
}

void TestServerLink::countsDownAndTriesNow() {
    protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    server.stop();
    remote::Remote remote;
    ServerLink link(remote, {.firstPause = 3'600'000ms, .longestPause = 3'600'000ms});
    QSignalSpy countdown(&link, &ServerLink::countdownChanged);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::Unreachable);
    QCOMPARE(link.secondsToNextTry(), 3600);
    QTRY_VERIFY(link.secondsToNextTry() < 3600);
    QVERIFY(link.describe().contains(QStringLiteral("next try in %1 s").arg(link.secondsToNextTry())));
    QVERIFY(countdown.size() >= 2);
    server.start();
    link.tryNow();
    QCOMPARE(link.secondsToNextTry(), 0);
    QTRY_COMPARE(link.state(), State::Connected);
}

void TestServerLink::saysWhoRefuses() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::answer(200, "text/html", "<h1>Router login</h1>"));
    });
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::Refused);
    QCOMPARE(link.problem()->code, std::string(remote::kNotEasel));
    QVERIFY(!link.isOnline());
    QVERIFY(link.describe().contains("Not an Easel server"));
}

void TestServerLink::forgetsTheLastServer() {
    protocol::ServerInfo first = readyServer();
    first.deviceName = "first";
    protocol::ServerInfo second = readyServer();
    second.deviceName = "second";
    FakeServer one(answering(first));
    FakeServer two(answering(second));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(one.url());
    QTRY_COMPARE(link.state(), State::Connected);
    link.connectTo(two.url());
    QVERIFY(!link.info());
    QCOMPARE(link.state(), State::Connecting);
    QTRY_COMPARE(link.state(), State::Connected);
    QCOMPARE(link.info()->deviceName, "second");
}

QTEST_GUILESS_MAIN(TestServerLink)
#include "test_server_link.moc"
