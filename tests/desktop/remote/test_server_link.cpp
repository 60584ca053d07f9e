// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/version_fit.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/link_answers.h"

using namespace easel;
using namespace easel::tests;
using namespace std::chrono_literals;
using remote::ServerLink;
using State = ServerLink::State;

class TestServerLink : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void connects();
    void followsTheServersState();
    void comesBackByItself();
    void countsDownAndTriesNow();
    void saysWhoRefuses();
    void forgetsTheLastServer();
    void tellsStartingFromLoading();
    void saysHowBusyItIs();
    void asksForAKey();
    void asksWhetherTheCertificateIsRight();
    void stopsAtAnotherVersion_data();
    void stopsAtAnotherVersion();
    void comparesVersions();
    void asksNothingBeforeItHasTheKey();
    void leaves();
    void beginsAnewAfterSleep();
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
        socket.write(answer(200, "text/html", "<h1>Router login</h1>"));
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

void TestServerLink::tellsStartingFromLoading() {
    protocol::ServerInfo info = readyServer();
    info.ready = false;
    auto loading = protocol::ModelState::Available;
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        protocol::ModelInfo model;
        model.id = "starter";
        model.state = loading;
        socket.write(jsonAnswer(request.path == "/v1/server"
                                    ? protocol::toJson(info)
                                    : protocol::toJson(protocol::ModelPage{{model}, {}})));
    });
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo({server.url(), {}, {}, "GPU box"});
    QCOMPARE(link.describe(), "GPU box · looking…");
    QTRY_COMPARE(link.state(), State::Starting);
    QCOMPARE(link.describe(), "GPU box · starting…");
    QVERIFY(link.isOnline());
    loading = protocol::ModelState::Loading;
    QTRY_COMPARE(link.state(), State::LoadingModel);
    QCOMPARE(link.describe(), "GPU box · loading a model…");
    QVERIFY(link.isOnline());
    loading = protocol::ModelState::Loaded;
    info.device = "cuda:0";
    info.status = "The disk is full.";
    QTRY_COMPARE(link.state(), State::NotReady);
    QCOMPARE(link.describe(), "GPU box · The disk is full.");
    QVERIFY(link.isOnline() && !link.needsHelp());
}

void TestServerLink::saysHowBusyItIs() {
    protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo({server.url(), {}, {}, "GPU box"});
    QTRY_COMPARE(link.describe(), "GPU box · ready");
    info.running = 1;
    QTRY_COMPARE(link.state(), State::Busy);
    QCOMPARE(link.describe(), "GPU box · busy, drawing");
    QVERIFY(link.isOnline());
    info.queued = 3;
    QTRY_COMPARE(link.describe(), "GPU box · busy, 3 waiting");
    info.paused = true;
    QTRY_COMPARE(link.describe(), "GPU box · queue paused");
    info = readyServer();
    QTRY_COMPARE(link.state(), State::Connected);
}

void TestServerLink::asksForAKey() {
    const protocol::Problem refusal{401, "unauthorized", "A key is needed", "No key.", {}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (request.headers.value("authorization") == "Bearer easel_right") {
            return void(socket.write(jsonAnswer(protocol::toJson(readyServer()))));
        }
        socket.write(
            answer(401, "application/problem+json", QByteArray::fromStdString(protocol::toJson(refusal))));
    });
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo({server.url(), {}, {}, "GPU box"});
    QTRY_COMPARE(link.state(), State::KeyMissing);
    QCOMPARE(link.describe(), "GPU box · key missing");
    QVERIFY2(link.advice().contains("easel-server pair"), qPrintable(link.advice()));
    QVERIFY(link.needsHelp() && !link.isOnline());
    link.useKey("easel_wrong");
    QTRY_COMPARE(link.state(), State::KeyRefused);
    QCOMPARE(link.describe(), "GPU box · key refused");
    QVERIFY(!link.advice().contains("easel_wrong"));
    link.useKey("easel_right");
    QTRY_COMPARE(link.state(), State::Connected);
    QVERIFY(link.advice().isEmpty());
}

void TestServerLink::asksWhetherTheCertificateIsRight() {
    const auto identity = tests::makeIdentity();
    const auto other = tests::makeIdentity();
    const protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info), &identity);
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    const auto print = [](const tests::Identity& of) {
        return of.certificate.digest(QCryptographicHash::Sha256).toHex();
    };
    link.connectTo({server.url(), {}, {}, "GPU box"});
    QTRY_COMPARE(link.state(), State::CertificateUnknown);
    QCOMPARE(link.describe(), "GPU box · certificate unknown");
    QCOMPARE(link.presented(), print(identity));
    QVERIFY(link.needsHelp());
    link.connectTo({server.url(), print(other), {}, "GPU box"});
    QVERIFY(link.presented().isEmpty());
    QTRY_COMPARE(link.state(), State::CertificateChanged);
    QCOMPARE(link.describe(), "GPU box · certificate changed");
    QCOMPARE(link.presented(), print(identity));
    QVERIFY2(link.advice().contains("Nothing was sent"), qPrintable(link.advice()));
    QVERIFY(server.requests().isEmpty());
    link.connectTo({server.url(), print(identity), {}, "GPU box"});
    QTRY_COMPARE(link.state(), State::Connected);
}

void TestServerLink::stopsAtAnotherVersion_data() {
    QTest::addColumn<QString>("version");
    QTest::addColumn<State>("state");
    QTest::addColumn<QString>("words");
    QTest::newRow("before") << "0.0.9" << State::TooOld << "Update the server";
    QTest::newRow("after") << "7.0.0" << State::TooNew << "Update the app";
}

void TestServerLink::stopsAtAnotherVersion() {
    QFETCH(QString, version);
    QFETCH(QString, words);
    protocol::ServerInfo info = readyServer();
    info.version = version.toStdString();
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QFETCH(State, state);
    QTRY_COMPARE(link.state(), state);
    QVERIFY(link.describe().endsWith(state == State::TooOld ? "too old" : "too new"));
    QVERIFY2(link.advice().contains(words) && link.advice().contains(version), qPrintable(link.advice()));
    QVERIFY(!link.isOnline() && link.needsHelp());
    // It is looked at again: somebody may be updating it.
    info.version = EASEL_VERSION;
    QTRY_COMPARE(link.state(), State::Connected);
}

void TestServerLink::comparesVersions() {
    using remote::fitOf;
    using Fit = remote::VersionFit;
    QVERIFY(fitOf("1.2.3", "1.9.0") == Fit::Fits);
    QVERIFY(fitOf("1.9.0-rc1", "1.2") == Fit::Fits);
    QVERIFY(fitOf("2.0.0", "1.9.0") == Fit::TooNew);
    QVERIFY(fitOf("0.9.0", "1.0.0") == Fit::TooOld);
    QVERIFY(fitOf("0.1.5", "0.1.0") == Fit::Fits);
    QVERIFY(fitOf("0.2.0", "0.10.0") == Fit::TooOld);
    QVERIFY(fitOf("0.10.0", "0.2.0") == Fit::TooNew);
    for (const char* odd : {"", "next", "1", "1.", ".1", "v1.0"}) {
        QVERIFY2(fitOf(odd, "1.0.0") == Fit::Fits, odd);
    }
}

void TestServerLink::asksNothingBeforeItHasTheKey() {
    const protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.prepare({server.url(), {}, {}, {}});
    QCOMPARE(link.state(), State::Connecting);
    QTest::qWait(100);
    QVERIFY(server.requests().isEmpty());
    link.useKey("easel_right");
    QTRY_COMPARE(link.state(), State::Connected);
    QCOMPARE(server.requests().first().headers.value("authorization"), "Bearer easel_right");
}

void TestServerLink::leaves() {
    const protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::Connected);
    link.leave();
    QCOMPARE(link.state(), State::NoAddress);
    QVERIFY(!link.info());
    QTest::qWait(50);  // One may have been on its way.
    const int before = server.count("GET", "/v1/server");
    link.tryNow();
    link.resume();
    QTest::qWait(100);
    QCOMPARE(link.state(), State::NoAddress);
    QCOMPARE(server.count("GET", "/v1/server"), before);
}

void TestServerLink::beginsAnewAfterSleep() {
    protocol::ServerInfo info = readyServer();
    bool isSilent = false;
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (!isSilent) {
            answering(info)(request, socket);
        }
    });
    remote::Remote remote;
    ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE(link.state(), State::Connected);
    // What is open leads nowhere, and would be waited for.
    isSilent = true;
    const qsizetype before = server.requests().size();
    QTRY_VERIFY(server.requests().size() > before);
    isSilent = false;
    info.deviceName = "awake";
    link.resume();
    QTRY_COMPARE(link.info()->deviceName, "awake");
    QCOMPARE(link.state(), State::Connected);
}

QTEST_GUILESS_MAIN(TestServerLink)
#include "test_server_link.moc"
