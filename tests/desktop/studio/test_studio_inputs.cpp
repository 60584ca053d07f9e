// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include <optional>

#include "desktop/gallery/input_folder.h"
#include "shared/protocol/json.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using namespace easel::tests;
using gallery::PendingTile;
using studio::Studio;

/// Pictures to draw from, on their way to the server.
class TestStudioInputs : public StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void sendsPicturesFirst();
    void sendsEachPictureOnce();
    void sendsOnceWhatSeveralTasksWant();
    void sendsThemAgainWhereTheServerHasForgotten();
    void usesWhatOnlyTheServerHas();
    void saysThatAPictureIsGone();
    void saysWhyAPictureIsNotTaken();
    void waitsUntilThereIsRoom();
    void keepsThemForTheNextRun();
    void cancelsWhileTheyAreSent();
};

namespace {

std::string keep(const App& app, const QColor& color = Qt::red) {
    QImage image(64, 48, QImage::Format_RGB32);
    image.fill(color);
    std::optional<protocol::Expected<gallery::InputPicture>> kept;
    QObject context;
    app.studio.inputs().keepImage(image, &context, [&](auto picture) { kept = std::move(picture); });
    if (!QTest::qWaitFor([&] { return kept.has_value(); }, 30'000)) {
        qFatal("the picture was not kept");
    }
    return kept->value().id;
}

protocol::GenerationRequest again(const std::string& picture) {
    auto wish = request("a boat");
    wish.initImage = picture;
    return wish;
}

}  // namespace

void TestStudioInputs::sendsPicturesFirst() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    auto wish = again(keep(app));
    wish.mask = keep(app, Qt::white);
    wish.controls = {{.model = "canny", .image = keep(app, Qt::blue)}};
    app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 1);
    QCOMPARE(server.inputsTaken, 3);
    for (const std::string& id : {*wish.initImage, *wish.mask, wish.controls[0].image}) {
        QCOMPARE(server.inputs.at(id), app.studio.inputs().read(id).value());
    }
}

void TestStudioInputs::sendsEachPictureOnce() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const auto wish = again(keep(app));
    app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 1);
    app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(server.inputsTaken, 1);

    FakeEasel other;
    QVERIFY(app.studio.setServerAddress(other.url().toString()).has_value());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(wish);
    QTRY_COMPARE(other.jobCount(), 1);
    QCOMPARE(other.inputsTaken, 1);
}

void TestStudioInputs::sendsOnceWhatSeveralTasksWant() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const auto wish = again(keep(app));
    for (int i = 0; i < 3; ++i) {
        app.studio.generate(wish);
    }
    QTRY_COMPARE(server.jobCount(), 3);
    QCOMPARE(server.inputsTaken, 1);
}

void TestStudioInputs::sendsThemAgainWhereTheServerHasForgotten() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const auto wish = again(keep(app));
    app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 1);
    server.inputs.clear();
    app.studio.generate(wish);
    QTRY_COMPARE(server.jobCount(), 2);
    QCOMPARE(server.inputsTaken, 2);
}

void TestStudioInputs::usesWhatOnlyTheServerHas() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const std::string id(64, 'a');
    server.inputs[id] = "somebody else's";
    app.studio.generate(again(id));
    QTRY_COMPARE(server.jobCount(), 1);
    QCOMPARE(server.inputsTaken, 0);
}

void TestStudioInputs::saysThatAPictureIsGone() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const QSignalSpy refused(&app.studio, &Studio::refused);
    app.studio.generate(again(std::string(64, 'a')));
    QTRY_COMPARE(refused.size(), 1);
    const auto problem = refused.first().at(1).value<protocol::Problem>();
    QCOMPARE(problem.field, std::optional<std::string>("init_image"));
    QVERIFY(QString::fromStdString(problem.detail).contains("Choose it again"));
    QCOMPARE(app.studio.activeCount(), 0);
}

void TestStudioInputs::saysWhyAPictureIsNotTaken() {
    FakeEasel server;
    server.inputRefusal = protocol::ofStatus(413, "The picture is too large.");
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const QSignalSpy refused(&app.studio, &Studio::refused);
    auto wish = request("a boat");
    wish.controls = {{.model = "canny", .image = keep(app)}};
    app.studio.generate(wish);
    QTRY_COMPARE(refused.size(), 1);
    const auto problem = refused.first().at(1).value<protocol::Problem>();
    QCOMPARE(problem.field, std::optional<std::string>("controls"));
    QCOMPARE(problem.detail, "The picture is too large.");
    QCOMPARE(server.jobCount(), 0);
}

void TestStudioInputs::waitsUntilThereIsRoom() {
    FakeEasel server;
    server.inputRefusal = protocol::inputsFull(1'000);
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.studio.generate(again(keep(app)));
    QTRY_VERIFY(app.tile().note.contains("trying again"));
    QCOMPARE(app.tile().state, PendingTile::State::Unsent);
    server.inputRefusal.reset();
    QTRY_COMPARE_WITH_TIMEOUT(server.jobCount(), 1, 15'000);
}

void TestStudioInputs::keepsThemForTheNextRun() {
    FakeEasel server;
    {
        App app(folder(), QUrl("http://127.0.0.1:1"));
        app.studio.remember(again(keep(app, Qt::green)));
        app.studio.generate(again(keep(app)));
    }
    QDir inputs(folder() + "/inputs");
    const QStringList kept = inputs.entryList(QDir::Files);
    QCOMPARE(kept.size(), 2);
    for (const QString& name : kept) {
        QFile file(inputs.filePath(name));
        QVERIFY(file.open(QIODevice::ReadWrite));
        QVERIFY(file.setFileTime(QDateTime::currentDateTimeUtc().addDays(-400),
                                 QFileDevice::FileModificationTime));
    }
    App app(folder(), server.url());
    QVERIFY(app.studio.inputs().holds(app.studio.rememberedRequest().initImage.value()));
    QTRY_COMPARE(server.jobCount(), 1);
    QCOMPARE(server.inputsTaken, 1);
    QCOMPARE(inputs.entryList(QDir::Files).size(), 2);
}

void TestStudioInputs::cancelsWhileTheyAreSent() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const QString id = app.studio.generate(again(keep(app)));
    QCOMPARE(app.tile().note, "Sending the picture, 0 %");
    app.studio.cancel(id);
    QTRY_COMPARE(app.studio.activeCount(), 0);
    QCOMPARE(server.jobCount(), 0);
}

QTEST_MAIN(TestStudioInputs)
#include "test_studio_inputs.moc"
