// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/remote/servers.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using gallery::PendingTile;
using tests::App;
using tests::FakeEasel;
using tests::request;
using LinkState = remote::ServerLink::State;
using State = PendingTile::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";
const QByteArray kLaterKey = "easel_another-key-of-later";

QString codeFor(const FakeEasel& server) {
    return QStringLiteral("easel://127.0.0.1:%1?ticket=%2")
        .arg(server.url().port())
        .arg(QString::fromLatin1(server.ticket.value_or(QByteArray())));
}

}  // namespace

/// Tasks while this computer is let in, shut out and let in again; and after it has slept.
class TestStudioKeys : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void waitsForAKey();
    void losesNothingWhenTheKeyIsRevoked();
    void asksAgainForWhatTheNewKeyDoesNotSee();
    void asksAgainAfterARestartToo();
    void losesNothingWhenTheCertificateChanges();
    void findsWhatRanWhileItSlept();
};

void TestStudioKeys::waitsForAKey() {
    FakeEasel server;
    server.key = kKey;
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), LinkState::KeyMissing);
    app.studio.generate(request("a cat"));
    QVERIFY(app.tile().state == State::Unsent);
    QTest::qWait(100);
    QVERIFY(app.tile().state == State::Unsent);
    QVERIFY(app.studio.setServerAddress(kKey));
    QTRY_COMPARE(server.jobCount(), 1);
    server.draw("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioKeys::losesNothingWhenTheKeyIsRevoked() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    App app(folder());
    QVERIFY(app.studio.start(codeFor(server)));
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.step("j_1", 3, 20);
    QTRY_VERIFY(app.tile().state == State::Running);
    const QSignalSpy failed(&app.studio, &studio::Studio::failed);
    server.key = kLaterKey;
    server.http().cut();  // Streams, too, end at once.
    QTRY_COMPARE(app.link.state(), LinkState::KeyRefused);
    app.studio.generate(request("a dog"));
    QTest::qWait(100);
    QCOMPARE(app.studio.activeCount(), 2);
    QCOMPARE(app.studio.statusLine(), "1 not sent yet · 1 out of reach");
    QVERIFY(failed.isEmpty());
    // The same key is good again: what was begun goes on.
    server.key = kKey;
    QTRY_VERIFY(app.link.isOnline());
    QTRY_COMPARE(server.jobCount(), 2);
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QVERIFY(failed.isEmpty());
}

void TestStudioKeys::asksAgainForWhatTheNewKeyDoesNotSee() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    App app(folder());
    QVERIFY(app.studio.start(codeFor(server)));
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("cats", 2));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    const QSignalSpy failed(&app.studio, &studio::Studio::failed);
    server.key = kLaterKey;
    server.http().cut();
    QTRY_COMPARE(app.link.state(), LinkState::KeyRefused);
    server.ticket = "ticket-of-later";
    QVERIFY(app.studio.setServerAddress(codeFor(server)));
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(server.job("j_2").settings.count, 1);
    QCOMPARE(server.job("j_2").settings.seed, 42);
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QVERIFY(failed.isEmpty());
}

void TestStudioKeys::asksAgainAfterARestartToo() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    {
        App app(folder());
        QVERIFY(app.studio.start(codeFor(server)));
        QTRY_VERIFY(app.link.isOnline());
        app.studio.generate(request("a cat"));
        QTRY_COMPARE(server.streamCount("j_1"), 1);
    }
    server.key = kLaterKey;
    server.ticket = "ticket-of-later";
    App app(folder());
    QVERIFY(app.studio.start());
    QTRY_COMPARE(app.link.state(), LinkState::KeyMissing);  // There is no keyring here.
    QCOMPARE(app.studio.activeCount(), 1);
    QVERIFY(app.studio.setServerAddress(codeFor(server)));
    QTRY_COMPARE(server.jobCount(), 2);
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioKeys::losesNothingWhenTheCertificateChanges() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), LinkState::CertificateUnknown);
    app.studio.generate(request("a cat"));
    app.studio.servers().trust();
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.http().setIdentity(tests::makeIdentity());
    QTRY_COMPARE(app.link.state(), LinkState::CertificateChanged);
    const qsizetype before = server.http().requests().size();
    QTest::qWait(100);
    QCOMPARE(server.http().requests().size(), before);
    QCOMPARE(app.studio.statusLine(), "1 out of reach");
    server.http().setIdentity(identity);
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioKeys::findsWhatRanWhileItSlept() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("cats", 2));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    // The server goes on; what it says on the open stream no longer arrives.
    server.deafen("j_1");
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    QTest::qWait(200);
    QCOMPARE(app.model.pictureCount(), 1);
    app.link.resume();
    QTRY_COMPARE(app.model.pictureCount(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(server.jobCount(), 1);
}

QTEST_MAIN(TestStudioKeys)
#include "test_studio_keys.moc"
