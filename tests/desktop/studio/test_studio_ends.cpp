// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using gallery::PendingTile;
using protocol::JobState;
using studio::Studio;
using tests::App;
using tests::FakeEasel;
using tests::request;
using State = PendingTile::State;

/// Tasks that are cancelled, refused or lost.
class TestStudioEnds : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void cancels();
    void cancelsWhatWasNeverSent();
    void cancelsAll();
    void saysWhichFieldIsRefused();
    void keepsFailedTilesAndRetries();
    void retriesOnlyWhatIsMissing();
    void saysWhenTheServerHasForgotten();
    void saysWhenSomebodyElseCancels();
    void undoesCancelAll();
    void letsGoOfWhatCannotBeStopped();
};

void TestStudioEnds::cancels() {
    FakeEasel server;
    App app(folder(), server.url());
    const QString id = app.studio.generate(request("cats", 2));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    app.studio.cancel(id);
    QVERIFY(app.tile().state == State::Stopping);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QVERIFY(server.job("j_1").state == JobState::Cancelled);
    QCOMPARE(app.model.pictureCount(), 1);  // what was done stays
}

void TestStudioEnds::cancelsWhatWasNeverSent() {
    FakeEasel server;
    server.http().stop();
    App app(folder(), server.url());
    const QString id = app.studio.generate(request("a cat"));
    app.studio.cancel(id);
    QCOMPARE(app.model.tileCount(), 0);
    server.http().start();
    QTRY_VERIFY(app.link.isOnline());
    QTest::qWait(100);
    QCOMPARE(server.jobCount(), 0);
}

void TestStudioEnds::cancelsAll() {
    FakeEasel server;
    App app(folder(), server.url());
    for (int i = 0; i < 3; ++i) {
        app.studio.generate(request("a cat"));
    }
    QTRY_COMPARE(server.jobCount(), 3);
    app.studio.cancelAll();
    QTRY_COMPARE(app.model.tileCount(), 0);
    for (const char* id : {"j_1", "j_2", "j_3"}) {
        QVERIFY(server.job(id).state == JobState::Cancelled);
    }
}

void TestStudioEnds::saysWhichFieldIsRefused() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QSignalSpy refused(&app.studio, &Studio::refused);
    QSignalSpy failed(&app.studio, &Studio::failed);
    server.refusal = protocol::invalidField("width", "width is 7; a multiple of 8 from 64 to 2048");
    const QString id = app.studio.generate(request("a cat"));
    QTRY_COMPARE(refused.size(), 1);
    QCOMPARE(refused[0][0].toString(), id);
    QCOMPARE(refused[0][1].value<protocol::Problem>().field, "width");
    QCOMPARE(app.model.tileCount(), 0);
    QCOMPARE(failed.size(), 0);

    // One that had to wait is no longer what the person has just typed: it stays as a tile.
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    app.studio.generate(request("a cat"));
    server.http().start();
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(app.tile().state == State::Failed);
    QCOMPARE(app.tile().error->field, "width");
    QCOMPARE(refused.size(), 1);
}

void TestStudioEnds::keepsFailedTilesAndRetries() {
    FakeEasel server;
    {
        App app(folder(), server.url());
        QSignalSpy failed(&app.studio, &Studio::failed);
        app.studio.generate(request("a cat"));
        QTRY_COMPARE(server.streamCount("j_1"), 1);
        server.finish("j_1", JobState::Failed, protocol::generationFailed("the picture came out non-finite"));
        QTRY_COMPARE(failed.size(), 1);
        QVERIFY(app.tile().state == State::Failed);
        QCOMPARE(app.tile().error->detail, "the picture came out non-finite");
        QCOMPARE(app.studio.activeCount(), 0);
        QCOMPARE(app.studio.statusLine(), "1 failed");
    }
    App app(folder(), server.url());
    QVERIFY(app.tile().state == State::Failed);
    QCOMPARE(app.tile().error->detail, "the picture came out non-finite");
    app.studio.cancel(app.tile().id);  // there is nothing left to cancel
    QVERIFY(app.tile().state == State::Failed);
    app.studio.retry(app.tile().id);
    QTRY_COMPARE(server.streamCount("j_2"), 1);
    QCOMPARE(app.model.tileCount(), 1);
    server.draw("j_2");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudioEnds::retriesOnlyWhatIsMissing() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("cats", 3));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    server.finish("j_1", JobState::Failed, protocol::generationFailed("out of memory"));
    QTRY_VERIFY(app.tile().state == State::Failed);
    app.studio.retry(app.tile().id);
    QTRY_COMPARE(server.streamCount("j_2"), 1);
    QCOMPARE(server.job("j_2").settings.count, 2);
    QCOMPARE(server.job("j_2").settings.seed, 42);
    // What is not wanted any more can be put away.
    server.finish("j_2", JobState::Failed, protocol::generationFailed("out of memory"));
    QTRY_VERIFY(app.tile().state == State::Failed);
    app.studio.dismiss(app.tile().id);
    QCOMPARE(app.model.tileCount(), 0);
}

void TestStudioEnds::saysWhenTheServerHasForgotten() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    server.forget("j_1");
    server.http().start();
    QTRY_VERIFY(app.tile().state == State::Failed);
    QCOMPARE(app.tile().error->code, "job_forgotten");
    QCOMPARE(app.tile().note, "The server has forgotten this job");
}

void TestStudioEnds::saysWhenSomebodyElseCancels() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.finish("j_1", JobState::Cancelled);
    QTRY_VERIFY(app.tile().state == State::Failed);
    QCOMPARE(app.tile().error->code, "cancelled_elsewhere");
}

void TestStudioEnds::undoesCancelAll() {
    FakeEasel server;
    App app(folder(), server.url());
    for (const char* prompt : {"a cat", "a dog"}) {
        app.studio.generate(request(prompt));
    }
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(app.studio.cancelAll(), 2);
    QCOMPARE(app.studio.cancelAll(), 0);  // They are being cancelled already.
    app.studio.undoCancelAll();
    QTRY_COMPARE(app.model.tileCount(), 0);

    for (const char* prompt : {"a cat", "a dog"}) {
        app.studio.generate(request(prompt));
    }
    QTRY_COMPARE(server.jobCount(), 4);
    QTRY_VERIFY(app.tile().state == State::Waiting && app.model.tileAt(1)->state == State::Waiting);
    QCOMPARE(app.studio.cancelAll(), 2);
    QTRY_COMPARE(app.model.tileCount(), 0);
    app.studio.undoCancelAll();
    QTRY_COMPARE(server.jobCount(), 6);
    QCOMPARE(app.tile().prompt, "a dog");
    QCOMPARE(app.model.tileAt(1)->prompt, "a cat");
    app.studio.undoCancelAll();  // Only once.
    QCOMPARE(app.model.tileCount(), 2);
}

void TestStudioEnds::letsGoOfWhatCannotBeStopped() {
    FakeEasel server;
    App app(folder(), server.url());
    const QString id = app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    app.studio.dismiss(id);
    QCOMPARE(app.model.tileCount(), 1);
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    app.studio.cancel(id);
    QVERIFY2(app.tile().note.startsWith("Stops once 127.0.0.1"), qPrintable(app.tile().note));
    app.studio.dismiss(id);
    QCOMPARE(app.model.tileCount(), 0);
}

QTEST_MAIN(TestStudioEnds)
#include "test_studio_ends.moc"
