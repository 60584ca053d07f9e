// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <QTest>

#include "shared/protocol/json.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;
using tests::request;

namespace {

/// The bodies of the jobs that were asked for, in order.
QByteArrayList jobsAsked(FakeEasel& server) {
    QByteArrayList bodies;
    for (const tests::FakeRequest& asked : server.http().requests()) {
        if (asked.method == "POST" && asked.path == "/v1/jobs") {
            bodies.append(asked.body);
        }
    }
    return bodies;
}

std::optional<int> everyIn(const QByteArray& body) {
    return protocol::parseRequest(body.toStdString()).value().previewEvery;
}

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

/// What a picture looks like while it is drawn.
class TestStudioPreviews : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void areAskedForWhereTheServerHasThem();
    void areAskedForAgainAsTheyWere();
    void showTheNewestLookOfOnePicture();
    void endWhenThePictureIsBegunAgain();
    void areNotKept();
    void canBeSwitchedOff();
};

void TestStudioPreviews::areAskedForWhereTheServerHasThem() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.jobCount(), 1);
    server.info.previews = true;
    QTRY_VERIFY(app.link.info()->previews);
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.jobCount(), 2);
    for (const int steps : {4, 60}) {
        protocol::GenerationRequest more = request("a cat");
        more.steps = steps;
        app.studio.generate(more);
    }
    QTRY_COMPARE(server.jobCount(), 4);
    QList<std::optional<int>> every;
    for (const QByteArray& body : jobsAsked(server)) {
        every.append(everyIn(body));
    }
    QCOMPARE(every, QList<std::optional<int>>({std::nullopt, 2, 1, 5}));
    QVERIFY(!app.studio.rememberedRequest().previewEvery);
}

void TestStudioPreviews::areAskedForAgainAsTheyWere() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    server.losesAnswers = true;
    app.studio.generate(request("a cat"));
    QTRY_VERIFY(!jobsAsked(server).isEmpty());
    // Another version of the server is there by the time that it is asked again; an idempotency key goes with
    // one request.
    server.info.previews = false;
    QTRY_VERIFY(app.link.info() && !app.link.info()->previews);
    server.losesAnswers = false;
    QTRY_VERIFY(jobsAsked(server).size() > 1);
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    QCOMPARE(jobsAsked(server).last(), jobsAsked(server).first());
    QCOMPARE(server.jobCount(), 1);
}

void TestStudioPreviews::showTheNewestLookOfOnePicture() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat", 2));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    QVERIFY(app.tile().preview.isNull());
    const auto shown = [&] { return app.tile().preview.pixelColor(5, 5); };
    server.preview("j_1", 0, Qt::red);
    QTRY_COMPARE(app.tile().preview.size(), QSize(64, 48));
    QCOMPARE(shown(), QColor(Qt::red));
    // The second picture waits until the first is done.
    server.preview("j_1", 1, Qt::green);
    server.preview("j_1", 0, Qt::blue);
    QTRY_COMPARE(shown(), QColor(Qt::blue));
    server.preview("j_1", 1, Qt::green);
    server.step("j_1", 12, 30);
    QTRY_COMPARE(app.tile().step, 12);
    QCOMPARE(shown(), QColor(Qt::blue));
    server.finishImage("j_1");
    server.preview("j_1", 1, Qt::yellow);
    QTRY_COMPARE(shown(), QColor(Qt::yellow));
    server.finishImage("j_1");
    server.finish("j_1", protocol::JobState::Succeeded);
    QTRY_COMPARE(app.model.tileCount(), 0);
    QCOMPARE(app.model.pictureCount(), 2);
}

void TestStudioPreviews::endWhenThePictureIsBegunAgain() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.preview("j_1", 0, Qt::red);
    QTRY_VERIFY(!app.tile().preview.isNull());
    server.run("j_1");  // after its worker was lost
    QTRY_VERIFY(app.tile().preview.isNull());
    server.preview("j_1", 0, Qt::red);
    QTRY_VERIFY(!app.tile().preview.isNull());
    server.finish("j_1", protocol::JobState::Failed);
    QTRY_VERIFY(app.tile().preview.isNull());
}

void TestStudioPreviews::areNotKept() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.step("j_1", 1, 30);
    QTRY_COMPARE(app.tile().step, 1);
    const QByteArray tasks = bytesOf(app.folder + "/tasks.json");
    const QStringList pictures = QDir(app.store.folder()).entryList(QDir::AllEntries | QDir::Hidden);
    server.preview("j_1", 0, Qt::red);
    QTRY_VERIFY(!app.tile().preview.isNull());
    QVERIFY(!tasks.isEmpty());
    QCOMPARE(bytesOf(app.folder + "/tasks.json"), tasks);
    QCOMPARE(QDir(app.store.folder()).entryList(QDir::AllEntries | QDir::Hidden), pictures);
}

void TestStudioPreviews::canBeSwitchedOff() {
    FakeEasel server;
    server.info.previews = true;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    QVERIFY(app.studio.showsPreviews());
    app.studio.generate(request("a cat"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.run("j_1");
    server.preview("j_1", 0, Qt::red);
    QTRY_VERIFY(!app.tile().preview.isNull());
    app.studio.setShowsPreviews(false);
    QVERIFY(app.tile().preview.isNull());
    app.studio.generate(request("a dog"));
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(everyIn(jobsAsked(server).last()), std::nullopt);
    app.studio.setShowsPreviews(true);
    app.studio.generate(request("a fox"));
    QTRY_COMPARE(server.jobCount(), 3);
    QCOMPARE(everyIn(jobsAsked(server).last()), std::optional(2));
}

QTEST_MAIN(TestStudioPreviews)
#include "test_studio_previews.moc"
