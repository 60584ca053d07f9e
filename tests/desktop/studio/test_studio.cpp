// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QSignalSpy>
#include <QTest>

#include "desktop/gallery/disk_problem.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using gallery::PendingTile;
using gallery::Picture;
using protocol::JobState;
using studio::Studio;
using tests::App;
using tests::FakeEasel;
using tests::request;
using State = PendingTile::State;

/// Tasks from the request to the picture, across cuts and restarts.
class TestStudio : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void drawsAPicture();
    void tellsWhyAJobIsOnHold();
    void tellsThatTheQueueIsPaused();
    void fetchesEachImageAtOnce();
    void doesNotDoubleAfterALostAnswer();
    void followsAcrossACut();
    void takesUpAfterARestart();
    void keepsUnsentTasksAcrossARestart();
    void goesOnWithAPictureAfterACut_data();
    void goesOnWithAPictureAfterACut();
    void doesNotAskAgainForWhatIsThere();
    void sharesTheStreams();
    void waitsForRoomOnTheDisk();
    void remembersRequestAndServer();
    void setsABrokenTaskFileAside();
    void leavesTheTasksOfAnOpenAppAlone();
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
    QTRY_COMPARE(server.jobCount(), 1);
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

void TestStudio::goesOnWithAPictureAfterACut_data() {
    QTest::addColumn<bool>("silent");
    QTest::newRow("cut off") << false;
    QTest::newRow("silence") << true;
}

void TestStudio::goesOnWithAPictureAfterACut() {
    QFETCH(bool, silent);
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.remote.setTimeout(std::chrono::seconds(2));
    server.pictures.cuts = {100, 80};
    server.pictures.isSilent = silent;
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.draw("j_1");
    QTRY_COMPARE_WITH_TIMEOUT(app.model.pictureCount(), 1, 60'000);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.saved(0), "a cat\nSeed 41");
    QCOMPARE(server.http().count("GET", "/v1/jobs/j_1/images/0"), 3);
    QCOMPARE(server.pictures.sent, tests::serverPng(tests::settings("a cat")).size());
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
