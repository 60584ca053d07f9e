// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/remote/model_desk.h"
#include "desktop/remote/servers.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using gallery::PendingTile;
using tests::App;
using tests::FakeEasel;
using tests::request;
using State = PendingTile::State;

/// Tasks and the servers that they belong to.
class TestStudioServers : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void waitsForAServerThatIsAway();
    void waitsWhileTheServerIsBusy();
    void waitsForTheOtherServer();
    void knowsAServerUnderAnotherAddress();
    void givesWhatIsNoServersToTheOneThatIsThere();
    void keepsWhatIsAServersForIt();
    void sendsToTheServerThatIsThere();
    void saysNothingStaleWhileAway();
    void waitsWhileNoServerIsChosen();
    void fetchesTheModelThatATaskWaitsFor();
};

void TestStudioServers::waitsForAServerThatIsAway() {
    FakeEasel server;
    server.http().stop();
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.state() == remote::ServerLink::State::Unreachable);
    app.studio.generate(request("a cat"));
    app.studio.generate(request("a dog"));
    QVERIFY(app.tile().state == State::Unsent);
    QVERIFY2(app.tile().note.startsWith("Not sent yet: waiting for 127.0.0.1"), qPrintable(app.tile().note));
    QCOMPARE(app.studio.statusLine(), "2 not sent yet");
    server.http().start();
    QTRY_COMPARE(server.jobCount(), 2);
    server.draw("j_1");
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioServers::waitsWhileTheServerIsBusy() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.refusal = protocol::queueFull(2);
    server.refusal->retryAfter = 1;
    app.studio.generate(request("a cat"));
    QTRY_VERIFY(app.tile().note.endsWith("trying again"));
    QVERIFY(app.tile().state == State::Unsent);
    server.refusal.reset();
    QTRY_COMPARE(server.jobCount(), 1);
    QTRY_VERIFY(app.tile().state == State::Waiting);
}

void TestStudioServers::waitsForTheOtherServer() {
    FakeEasel server;
    FakeEasel other;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    QVERIFY(app.studio.setServerAddress(other.url().toString()));
    QTRY_VERIFY(app.link.isOnline());
    QVERIFY2(app.tile().note.startsWith("No connection"), qPrintable(app.tile().note));
    QTRY_COMPARE(server.streamCount("j_1"), 0);
    server.draw("j_1");
    app.studio.generate(request("a dog"));
    QTRY_COMPARE(other.jobCount(), 1);
    QTest::qWait(100);
    QCOMPARE(other.http().count("GET", "/v1/jobs/j_1/images/0"), 0);

    QVERIFY(app.studio.setServerAddress(server.url().toString()));
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QCOMPARE(app.saved(0), "a cat\nSeed 41");
    QCOMPARE(app.tile().prompt, "a dog");
}

/// The address of `server` in another spelling.
static QString otherName(const FakeEasel& server) {
    return QStringLiteral("localhost:%1").arg(server.url().port());
}

void TestStudioServers::knowsAServerUnderAnotherAddress() {
    FakeEasel server;
    server.info.id = "s_1";
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    QVERIFY(app.studio.setServerAddress(otherName(server)));
    QTRY_VERIFY(app.link.isOnline());
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    QVERIFY(!app.tile().canSendHere);
    server.draw("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(server.jobCount(), 1);
}

void TestStudioServers::givesWhatIsNoServersToTheOneThatIsThere() {
    FakeEasel server;
    server.info.id = "s_1";
    server.http().stop();
    {
        App app(folder());
        QVERIFY(app.studio.start(otherName(server)));
        QTRY_VERIFY(app.link.state() == remote::ServerLink::State::Unreachable);
        QVERIFY(!app.studio.knowsServer());
        app.studio.generate(request("a cat"));
        QVERIFY2(app.tile().note.startsWith("Not sent yet: waiting for localhost"),
                 qPrintable(app.tile().note));
        QVERIFY(app.studio.setServerAddress(server.url().toString()));
        QVERIFY2(app.tile().note.startsWith("Not sent yet: waiting for 127.0.0.1"),
                 qPrintable(app.tile().note));
        server.http().start();
        QTRY_COMPARE(server.jobCount(), 1);
        QTRY_VERIFY(app.tile().state == State::Waiting);
    }
    // From now on it is this server's.
    App app(folder());
    QVERIFY(app.studio.start("http://127.0.0.1:1"));
    QTRY_VERIFY(app.link.state() == remote::ServerLink::State::Unreachable);
    QVERIFY2(app.tile().note.startsWith("No connection to 127.0.0.1"), qPrintable(app.tile().note));
}

void TestStudioServers::keepsWhatIsAServersForIt() {
    FakeEasel server;
    server.info.id = "s_1";
    FakeEasel other;
    other.info.id = "s_2";
    {
        App app(folder(), server.url());
        QTRY_VERIFY(app.link.isOnline());
    }
    server.http().stop();
    // It was there once, so what waits at its address waits for it.
    App app(folder());
    QVERIFY(app.studio.start());
    QTRY_VERIFY(app.link.state() == remote::ServerLink::State::Unreachable);
    QVERIFY(app.studio.knowsServer());
    app.studio.generate(request("a cat"));
    QVERIFY(app.studio.setServerAddress(other.url().toString()));
    QTRY_VERIFY(app.link.isOnline());
    QTRY_VERIFY(app.tile().canSendHere);
    QVERIFY2(app.tile().note.startsWith("Not sent yet: waiting for"), qPrintable(app.tile().note));
    QTest::qWait(100);
    QCOMPARE(other.jobCount(), 0);

    server.http().start();
    QVERIFY(app.studio.setServerAddress(otherName(server)));
    QTRY_COMPARE(server.jobCount(), 1);
    QVERIFY(!app.tile().canSendHere);
}

void TestStudioServers::sendsToTheServerThatIsThere() {
    FakeEasel server;
    server.info.id = "s_1";
    FakeEasel other;
    other.info.id = "s_2";
    App app(folder(), server.url());
    app.studio.generate(request("cats", 3));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    app.studio.sendHere(app.tile().id);  // It is there already.
    QVERIFY(app.tile().state == State::Running);
    QVERIFY(app.studio.setServerAddress(other.url().toString()));
    QTRY_VERIFY(app.tile().canSendHere);
    app.studio.sendHere(app.tile().id);
    QTRY_COMPARE(other.jobCount(), 1);
    QCOMPARE(other.job("j_1").settings.count, 2);
    QCOMPARE(other.job("j_1").settings.seed, 42);
    QCOMPARE(app.model.tileCount(), 1);
    QVERIFY(!app.tile().canSendHere);
}

void TestStudioServers::saysNothingStaleWhileAway() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    app.studio.generate(request("a dog"));
    server.run("j_1");
    server.step("j_1", 65, 100);
    QTRY_COMPARE(app.studio.statusLine(), "1 waiting · 1 running: step 65 of 100, 18 s left");
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    QCOMPARE(app.studio.statusLine(), "2 out of reach");
    QVERIFY(app.tile().isAway);
    QVERIFY2(!app.tile().note.contains("goes on"), qPrintable(app.tile().note));
    // The server has lost what it had: it draws again.
    server.run("j_1");
    server.step("j_1", 17, 100);
    server.http().start();
    QTRY_COMPARE(app.studio.statusLine(), "1 waiting · 1 running, started again: step 17 of 100, 42 s left");
    QCOMPARE(app.model.tileAt(1)->note, "Started again, step 17 of 100, 42 s left");
}

void TestStudioServers::waitsWhileNoServerIsChosen() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    app.studio.servers().forget(app.studio.servers().current()->id);
    QVERIFY2(app.tile().note.startsWith("No connection to 127.0.0.1"), qPrintable(app.tile().note));
    app.studio.generate(request("a dog"));
    QCOMPARE(app.tile().note, "Not sent yet: no server is chosen");
    QTest::qWait(100);
    QCOMPARE(server.jobCount(), 1);
    QVERIFY(app.studio.setServerAddress(server.url().toString()));
    QTRY_COMPARE(server.jobCount(), 2);
    server.draw("j_1");
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioServers::fetchesTheModelThatATaskWaitsFor() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    auto wish = request("a cat");
    wish.model = "test/tiny";
    const QString id = app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 1);
    QCOMPARE(server.http().count("POST", "/v1/jobs?missing=hold"), 1);
    server.hold("j_1", {protocol::HoldReason::ModelMissing, "The model test/tiny is not on this server.",
                        "Pull it: easel-server pull test/tiny."});
    QTRY_VERIFY(app.tile().canFetchModel);
    QCOMPARE(app.tile().note, QString("The model test/tiny is not on this server."));
    app.studio.fetchModel(id);
    QTRY_COMPARE(server.shelf.pulls.size(), std::size_t{1});
    QCOMPARE(server.shelf.pulls[0].request.model, std::string("test/tiny"));
    server.shelf.pulls[0].state = protocol::PullState::Running;
    server.shelf.pulls[0].progress = {1, 4, 34, 100, 0};
    QTRY_COMPARE(app.tile().note, QString("Getting the model test/tiny, 34 %"));
    QVERIFY(!app.tile().canFetchModel);
    server.shelf.pulls[0].state = protocol::PullState::Failed;
    server.shelf.pulls[0].problem = protocol::conflict("Its licence has to be accepted.");
    QTRY_COMPARE(app.tile().note, QString("Its licence has to be accepted."));
    QVERIFY(app.tile().canFetchModel);

    // Who may not ask for it reads who can.
    server.shelf.mayPull = false;
    app.studio.models().setWatched(true);
    QTRY_VERIFY(!app.tile().canFetchModel);
    QVERIFY(app.tile().note.contains("easel-server pull test/tiny"));
    server.draw("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
}

QTEST_MAIN(TestStudioServers)
#include "test_studio_servers.moc"
