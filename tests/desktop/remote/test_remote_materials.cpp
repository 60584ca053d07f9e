// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <optional>

#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using protocol::AddonInfo;
using protocol::AddonKind;
using protocol::Expected;
using protocol::InputInfo;
using tests::FakeRequest;
using tests::FakeServer;

/// What is drawn with beside the model: add-ons, and pictures that are sent.
class TestRemoteMaterials : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void listsAddons();
    void knowsServersWithoutAddons();
    void sendsAPictureWithProgress();
    void saysWhyAPictureIsNotTaken();
    void keepsAnswersOfOtherServersApart();
};

namespace {

template <typename T>
Expected<T> waitFor(std::optional<Expected<T>>& result) {
    if (!QTest::qWaitFor([&] { return result.has_value(); }, 30'000)) {
        qFatal("no answer");
    }
    return *result;
}

Expected<std::vector<AddonInfo>> addonsOf(remote::Remote& remote) {
    std::optional<Expected<std::vector<AddonInfo>>> result;
    QObject context;
    remote.addons(&context, [&](auto addons) { result = std::move(addons); });
    return waitFor(result);
}

QByteArray problemAnswer(const protocol::Problem& problem) {
    return tests::answer(problem.status, "application/problem+json",
                         QByteArray::fromStdString(protocol::toJson(problem)));
}

}  // namespace

void TestRemoteMaterials::listsAddons() {
    const std::vector<AddonInfo> addons{
        {.kind = AddonKind::Lora,
         .name = "ink",
         .title = "Ink and wash",
         .bytes = 9'000'000,
         .family = "stable-diffusion",
         .rank = 16,
         .triggers = {"ink wash"}},
        {.kind = AddonKind::ControlNet, .name = "canny", .why = "It is cut short."}};
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(addons)));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto told = addonsOf(remote);
    QVERIFY(told.has_value());
    QCOMPARE(*told, addons);
    QCOMPARE(server.count("GET", "/v1/addons"), 1);
}

void TestRemoteMaterials::knowsServersWithoutAddons() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(problemAnswer(protocol::notFound("page")));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    QCOMPARE(addonsOf(remote).error().status, 404);
}

void TestRemoteMaterials::sendsAPictureWithProgress() {
    const QByteArray file(3'000'000, 'x');
    InputInfo info;
    info.id = std::string(64, 'a');
    info.width = 640;
    info.height = 480;
    info.bytes = file.size();
    info.contentType = "image/png";
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(info), 201));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    std::optional<Expected<InputInfo>> result;
    qint64 sent = 0;
    qint64 total = 0;
    const auto progress = [&](qint64 moved, qint64 all) {
        if (!result && moved > 0) {
            QVERIFY(moved >= sent);
            sent = moved;
            total = all;
        }
    };
    remote.putInput(
        file, this, [&](auto input) { result = std::move(input); }, progress);
    QVERIFY(!result);
    QCOMPARE(waitFor(result).value(), info);
    QCOMPARE(sent, file.size());
    QCOMPARE(total, file.size());
    const FakeRequest& asked = server.requests().first();
    QCOMPARE(asked.method, "POST");
    QCOMPARE(asked.path, "/v1/inputs");
    QCOMPARE(asked.body, file);
}

void TestRemoteMaterials::saysWhyAPictureIsNotTaken() {
    const auto problem = protocol::ofStatus(415, "The file is no picture.");
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) { socket.write(problemAnswer(problem)); });
    remote::Remote remote;
    remote.setAddress(server.url());
    std::optional<Expected<InputInfo>> result;
    remote.putInput("text", this, [&](auto input) { result = std::move(input); });
    QCOMPARE(waitFor(result).error(), problem);
}

void TestRemoteMaterials::keepsAnswersOfOtherServersApart() {
    FakeServer server([](const FakeRequest&, QTcpSocket&) {});
    remote::Remote remote;
    remote.setAddress(server.url());
    std::optional<Expected<InputInfo>> result;
    remote.putInput("bytes", this, [&](auto input) { result = std::move(input); });
    QTRY_COMPARE(server.requests().size(), 1);
    remote.setAddress(QUrl("http://127.0.0.1:1"));
    QCOMPARE(waitFor(result).error().code, std::string(remote::kAborted));
}

QTEST_GUILESS_MAIN(TestRemoteMaterials)
#include "test_remote_materials.moc"
