// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QGuiApplication>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "tests/desktop/studio/fake_easel.h"

using namespace easel;
using namespace std::chrono_literals;
using gallery::PendingTile;
using gallery::Picture;
using protocol::JobState;
using studio::Studio;
using tests::FakeEasel;
using State = PendingTile::State;

namespace {

constexpr remote::ServerLink::Timing kQuick{
    .whenConnected = 20ms, .whenNotReady = 20ms, .firstPause = 20ms, .longestPause = 40ms};

/// The app without its windows, in a folder; destroying it and making another one is a restart.
struct App {
    QString folder;
    remote::Remote remote;
    remote::ServerLink link{remote, kQuick};
    gallery::PictureStore store{folder + "/pictures"};
    gallery::Thumbnailer thumbnailer{folder + "/thumbnails"};
    gallery::PictureModel model{store, thumbnailer};
    QSettings settings{folder + "/settings.ini", QSettings::IniFormat};
    Studio studio{{remote, link, store, model, settings}, folder + "/tasks.json"};

    explicit App(const QString& where) : folder(where) {
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000)) {
            qFatal("the library did not open");
        }
    }
    App(const QString& where, const QUrl& server) : App(where) {
        if (auto started = studio.start(server.toString()); !started) {
            qFatal("the studio did not start: %s", started.error().detail.c_str());
        }
    }

    /// The newest tile.
    PendingTile tile() const { return model.tileAt(0) != nullptr ? *model.tileAt(0) : PendingTile(); }
    QString saved(int position) const {
        const Picture* picture = model.pictureAt(model.tileCount() + position);
        return picture == nullptr ? QString() : gallery::describe(*picture);
    }
};

protocol::GenerationRequest request(const std::string& prompt, int count = 1) {
    protocol::GenerationRequest request;
    request.prompt = prompt;
    request.count = count;
    return request;
}

}  // namespace

class TestStudio : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void drawsAPicture();
    void tellsWhyAJobIsOnHold();
    void tellsThatTheQueueIsPaused();
    void fetchesEachImageAtOnce();
    void waitsForAServerThatIsAway();
    void doesNotDoubleAfterALostAnswer();
    void followsAcrossACut();
    void takesUpAfterARestart();
    void keepsUnsentTasksAcrossARestart();
    void cancels();
    void cancelsWhatWasNeverSent();
    void cancelsAll();
    void saysWhichFieldIsRefused();
    void keepsFailedTilesAndRetries();
    void retriesOnlyWhatIsMissing();
    void saysWhenTheServerHasForgotten();
    void saysWhenSomebodyElseCancels();
    void waitsWhileTheServerIsBusy();
    void waitsForTheOtherServer();
    void knowsAServerUnderAnotherAddress();
    void givesWhatIsNoServersToTheOneThatIsThere();
    void keepsWhatIsAServersForIt();
    void sendsToTheServerThatIsThere();
    void undoesCancelAll();
    void doesNotAskAgainForWhatIsThere();
    void saysNothingStaleWhileAway();
    void letsGoOfWhatCannotBeStopped();
    void sharesTheStreams();
    void waitsForRoomOnTheDisk();
    void remembersRequestAndServer();
    void setsABrokenTaskFileAside();
    void leavesTheTasksOfAnOpenAppAlone();

private:
    QString folder() const { return m_dir->path(); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestStudio::drawsAPicture() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QSignalSpy pictures(&app.studio, &Studio::pictureSaved);
    QSignalSpy lines(&app.studio, &Studio::statusChanged);

    const QString id = app.studio.generate(request("a cat"));
    QCOMPARE(app.tile().id, id);
    QTRY_VERIFY(app.tile().state == State::Waiting);
    QCOMPARE(app.studio.statusLine(), "1 waiting");
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.step("j_1", 12, 30);
    QTRY_COMPARE(app.tile().step, 12);
    QVERIFY(app.tile().state == State::Running);
    QCOMPARE(app.tile().note, "Step 12 of 30, 9 s left");
    QCOMPARE(app.studio.statusLine(), "1 running: step 12 of 30, 9 s left");
    QCOMPARE(lines.last()[0].toString(), app.studio.statusLine());
    QCOMPARE(app.tile().size, QSize(64, 48));
    server.finishImage("j_1");
    server.finish("j_1", JobState::Succeeded);

    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(pictures.size(), 1);
    QCOMPARE(pictures[0][0].toString(), id);
    QCOMPARE(app.saved(0), "a cat\nSeed 41");
    QVERIFY(QFile::exists(pictures[0][1].value<Picture>().path));
    QCOMPARE(app.studio.statusLine(), "");
    QCOMPARE(app.studio.activeCount(), 0);
}

void TestStudio::tellsWhyAJobIsOnHold() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.hold("j_1", {protocol::HoldReason::DiskLow, "The disk is full.", "Delete jobs."});
    QTRY_COMPARE(app.tile().note, "On hold: The disk is full. Delete jobs.");
    QVERIFY(app.tile().state == State::Held);
    QCOMPARE(app.studio.statusLine(), "1 on hold");
    server.http().stop();
    QTRY_COMPARE(app.studio.statusLine(), "1 out of reach");
    server.http().start();
    QTRY_COMPARE(app.studio.statusLine(), "1 on hold");
    server.draw("j_1");
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 1);
}

void TestStudio::tellsThatTheQueueIsPaused() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a dog"));
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(app.tile().note, "Waiting");
    server.run("j_1");
    QTRY_COMPARE(app.studio.statusLine(), "1 waiting · 1 running");
    const QSignalSpy lines(&app.studio, &Studio::statusChanged);
    server.info.paused = true;
    QTRY_VERIFY(app.studio.isQueuePaused());
    const QString name = server.url().authority();
    QCOMPARE(app.tile().note, "Waiting: the queue is paused on " + name);
    QVERIFY(app.tile().state == State::Waiting);
    // What runs goes on.
    QCOMPARE(app.model.tileAt(1)->note, "Starting…");
    QCOMPARE(app.studio.statusLine(), "1 waiting, the queue is paused · 1 running");
    QCOMPARE(lines.last()[0].toString(), app.studio.statusLine());
    // Of a server that is away nobody knows whether it still is.
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    QVERIFY(!app.studio.isQueuePaused());
    QCOMPARE(app.studio.statusLine(), "2 out of reach");
    server.info.paused = false;
    server.http().start();
    QTRY_COMPARE(app.tile().note, "Waiting");
    QCOMPARE(app.studio.statusLine(), "1 waiting · 1 running");
}

void TestStudio::fetchesEachImageAtOnce() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("cats", 3));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    // The first is there while the others are still being drawn.
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QCOMPARE(app.tile().images, 1);
    QCOMPARE(app.tile().count, 3);
    QVERIFY(app.tile().state == State::Running);
    server.finishImage("j_1");
    server.finishImage("j_1");
    server.finish("j_1", JobState::Succeeded);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 3);
    QCOMPARE(app.saved(0), "cats\nSeed 43");
    QCOMPARE(app.saved(2), "cats\nSeed 41");
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(server.http().count("GET", "/v1/jobs/j_1/images/" + QByteArray::number(i)), 1);
    }
}

void TestStudio::waitsForAServerThatIsAway() {
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

void TestStudio::doesNotDoubleAfterALostAnswer() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.losesAnswers = true;
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.jobCount(), 1);
    QTRY_VERIFY(app.tile().note.contains("trying again"));
    server.losesAnswers = false;
    QTRY_VERIFY(app.tile().state == State::Waiting);
    QCOMPARE(server.jobCount(), 1);
    QVERIFY(server.http().count("POST", "/v1/jobs") >= 2);
    server.draw("j_1");
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 1);
}

void TestStudio::followsAcrossACut() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("cats", 2));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.finishImage("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    server.http().stop();
    QTRY_VERIFY(!app.link.isOnline());
    QVERIFY2(app.tile().note.startsWith("No connection"), qPrintable(app.tile().note));
    // Meanwhile the server goes on.
    server.finishImage("j_1");
    server.finish("j_1", JobState::Succeeded);
    server.http().start();
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 2);
}

void TestStudio::takesUpAfterARestart() {
    FakeEasel server;
    {
        App app(folder(), server.url());
        app.studio.generate(request("cats", 2));
        QTRY_COMPARE(server.streamCount("j_1"), 1);
        server.run("j_1");
        server.finishImage("j_1");
        QTRY_COMPARE(app.model.pictureCount(), 1);
    }
    server.finishImage("j_1");
    server.finish("j_1", JobState::Succeeded);

    App app(folder());
    QCOMPARE(app.model.pictureCount(), 1);
    QVERIFY(app.studio.start());  // at the remembered address
    QCOMPARE(app.tile().prompt, "cats");
    QCOMPARE(app.tile().images, 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 2);
    QCOMPARE(server.jobCount(), 1);
    QCOMPARE(server.http().count("GET", "/v1/jobs/j_1/images/0"), 1);
    QCOMPARE(server.http().count("POST", "/v1/jobs"), 1);
}

void TestStudio::keepsUnsentTasksAcrossARestart() {
    FakeEasel server;
    server.http().stop();
    {
        App app(folder(), server.url());
        app.studio.generate(request("a cat"));
    }
    server.http().start();
    App app(folder(), server.url());
    QCOMPARE(app.model.tileCount(), 1);
    QTRY_COMPARE(server.jobCount(), 1);
    server.draw("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
}

void TestStudio::cancels() {
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

void TestStudio::cancelsWhatWasNeverSent() {
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

void TestStudio::cancelsAll() {
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

void TestStudio::saysWhichFieldIsRefused() {
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

void TestStudio::keepsFailedTilesAndRetries() {
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

void TestStudio::retriesOnlyWhatIsMissing() {
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

void TestStudio::saysWhenTheServerHasForgotten() {
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

void TestStudio::saysWhenSomebodyElseCancels() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.finish("j_1", JobState::Cancelled);
    QTRY_VERIFY(app.tile().state == State::Failed);
    QCOMPARE(app.tile().error->code, "cancelled_elsewhere");
}

void TestStudio::waitsWhileTheServerIsBusy() {
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

void TestStudio::waitsForTheOtherServer() {
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

void TestStudio::knowsAServerUnderAnotherAddress() {
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

void TestStudio::givesWhatIsNoServersToTheOneThatIsThere() {
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

void TestStudio::keepsWhatIsAServersForIt() {
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

void TestStudio::sendsToTheServerThatIsThere() {
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

void TestStudio::undoesCancelAll() {
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

void TestStudio::doesNotAskAgainForWhatIsThere() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("cats", 3));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    // Cancelled before the app has heard of the first picture.
    server.finishImage("j_1");
    QCOMPARE(app.studio.cancelAll(), 1);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 1);
    app.studio.undoCancelAll();
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(server.job("j_2").settings.count, 2);
    QCOMPARE(server.job("j_2").settings.seed, 42);
}

void TestStudio::saysNothingStaleWhileAway() {
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

void TestStudio::letsGoOfWhatCannotBeStopped() {
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

void TestStudio::sharesTheStreams() {
    FakeEasel server;
    App app(folder(), server.url());
    constexpr int kMany = 3 * remote::Remote::kMaxStreams;
    for (int i = 0; i < kMany; ++i) {
        app.studio.generate(request("a cat"));
    }
    QTRY_COMPARE(server.jobCount(), kMany);
    for (int i = 1; i <= kMany; ++i) {
        const std::string id = "j_" + std::to_string(i);
        QTRY_VERIFY(server.streamCount(id) == 1);
        server.draw(id);
    }
    QTRY_COMPARE(app.model.pictureCount(), kMany);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudio::waitsForRoomOnTheDisk() {
    FakeEasel server;
    App app(folder(), server.url());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    // A folder that can't be written in stands for a disk without room.
    QSignalSpy trouble(&app.studio, &Studio::storageTrouble);
    QVERIFY(QDir().rename(folder() + "/pictures", folder() + "/away"));
    server.draw("j_1");
    QTRY_COMPARE(trouble.size(), 1);
    QCOMPARE(trouble[0][0].value<protocol::Problem>().code, std::string(gallery::kNotWritable));
    QVERIFY(app.tile().state == State::Fetching);
    QVERIFY(QDir().rename(folder() + "/away", folder() + "/pictures"));
    QTRY_COMPARE_WITH_TIMEOUT(app.model.pictureCount(), 1, 30'000);
    QTRY_COMPARE(app.model.tileCount(), 0);
}

void TestStudio::remembersRequestAndServer() {
    protocol::GenerationRequest wish = request("a “cat”,\non two lines", 4);
    wish.guidance = 3.5;
    wish.seed = 99;
    {
        App app(folder());
        app.studio.remember(wish);
        QVERIFY(app.studio.setServerAddress(" gpu-box.invalid "));
        const auto refused = app.studio.setServerAddress("ftp://x");
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, std::string(remote::kInvalidAddress));
    }
    App app(folder());
    QCOMPARE(app.studio.serverAddress(), "gpu-box.invalid");
    QVERIFY(app.studio.rememberedRequest() == wish);
}

void TestStudio::setsABrokenTaskFileAside() {
    FakeEasel server;
    const QByteArray broken = "{ this is no list of tasks";
    QFile file(folder() + "/tasks.json");
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(broken) == broken.size());
    file.close();
    App app(folder());
    const auto started = app.studio.start(server.url().toString());
    QVERIFY(!started);
    QCOMPARE(started.error().code, std::string(gallery::kNotReadable));
    // The app works all the same, and the old file is still there.
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.draw("j_1");
    QTRY_COMPARE(app.model.pictureCount(), 1);
    QFile aside(folder() + "/tasks.json.broken");
    QVERIFY(aside.open(QIODevice::ReadOnly));
    QCOMPARE(aside.readAll(), broken);
}

void TestStudio::leavesTheTasksOfAnOpenAppAlone() {
    FakeEasel server;
    {
        App first(folder(), server.url());
        first.studio.generate(request("a cat"));
        QTRY_COMPARE(server.streamCount("j_1"), 1);

        App second(folder());
        const auto started = second.studio.start(server.url().toString());
        QVERIFY(!started);
        QCOMPARE(started.error().code, "already_running");
        QCOMPARE(second.model.tileCount(), 0);
        second.studio.generate(request("a dog"));
        QTRY_COMPARE(server.streamCount("j_2"), 1);
    }
    App third(folder(), server.url());
    QCOMPARE(third.model.tileCount(), 1);
    QCOMPARE(third.tile().prompt, "a cat");
}

QTEST_MAIN(TestStudio)
#include "test_studio.moc"
