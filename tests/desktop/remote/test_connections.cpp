// SPDX-License-Identifier: Apache-2.0
#include <QPointer>
#include <QSslSocket>
#include <QTest>
#include <QTimer>

#include <memory>
#include <vector>

#include "desktop/remote/fingerprint.h"
#include "desktop/remote/partial_image.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/link_answers.h"

using namespace easel;
using namespace easel::tests;
using namespace std::chrono_literals;
using protocol::Expected;
using remote::Remote;

/// How the app shares the few connections that Qt makes to a host.
class TestConnections : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void picturesLeaveRoomForCalls();
    void picturesThatWaitLoseNoTime();
    void picturesThatWaitEndWithTheAddress();
    void picturesThatNobodyWaitsForAreNotFetched();
    void aStreamFindsAConnection_data();
    void aStreamFindsAConnection();
    void theLinkHasOneToSpare();
};

namespace {

constexpr int kMany = 10;

bool isImage(const FakeRequest& request) {
    return request.path.contains("/images/");
}

int imagesAsked(const FakeServer& server) {
    return static_cast<int>(std::ranges::count_if(server.requests(), isImage));
}

/// Many pictures that are asked for at once.
struct Pictures {
    Pictures(Remote& remote, QObject* context) : results(kMany) {
        for (int i = 0; i < kMany; ++i) {
            remote.image("j_7", i, context,
                         [this, i](Expected<QByteArray> bytes) { results[i] = std::move(bytes); });
        }
    }
    int answered() const {
        return static_cast<int>(
            std::ranges::count_if(results, [](const auto& result) { return result.has_value(); }));
    }

    std::vector<std::optional<Expected<QByteArray>>> results;
};

}  // namespace

void TestConnections::picturesLeaveRoomForCalls() {
    QList<QPointer<QTcpSocket>> waiting;
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (isImage(request)) {
            waiting.append(&socket);
        } else {
            socket.write(jsonAnswer(protocol::toJson(readyServer())));
        }
    });
    Remote remote;
    remote.setAddress(server.url());
    const Pictures pictures(remote, this);
    QTRY_COMPARE_WITH_TIMEOUT(imagesAsked(server), Remote::kMaxImages, 30'000);
    bool told = false;
    remote.server(this, [&](const Expected<protocol::ServerInfo>& info) { told = info.has_value(); });
    QTRY_VERIFY_WITH_TIMEOUT(told, 30'000);
    QCOMPARE(imagesAsked(server), Remote::kMaxImages);
    // One after another has its turn.
    while (pictures.answered() < kMany) {
        QTRY_VERIFY_WITH_TIMEOUT(!waiting.isEmpty(), 30'000);
        const int before = pictures.answered();
        waiting.takeFirst()->write(answer(200, "image/png", "a picture"));
        QTRY_COMPARE_WITH_TIMEOUT(pictures.answered(), before + 1, 30'000);
    }
    for (const auto& result : pictures.results) {
        QCOMPARE(result->value(), "a picture");
    }
}

void TestConnections::picturesThatWaitLoseNoTime() {
    QList<QPointer<QTcpSocket>> slow;
    bool quick = false;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        if (quick) {
            socket.write(answer(200, "image/png", "a picture"));
        } else {
            socket.write("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n");
            slow.append(&socket);
        }
    });
    int sent = 0;
    QTimer drops;
    connect(&drops, &QTimer::timeout, this, [&] {
        ++sent;
        for (const auto& socket : slow) {
            socket->write("a");
        }
    });
    drops.start(50ms);
    Remote remote;
    remote.setAddress(server.url());
    remote.setTimeout(2s);
    const Pictures pictures(remote, this);
    QTest::qWait(4000);
    QCOMPARE(pictures.answered(), 0);
    quick = true;
    for (const auto& socket : slow) {
        socket->write(QByteArray(1000 - sent, 'b'));
    }
    drops.stop();
    QTRY_COMPARE_WITH_TIMEOUT(pictures.answered(), kMany, 30'000);
    for (const auto& result : pictures.results) {
        QVERIFY2(*result, result->has_value() ? "" : result->error().detail.c_str());
    }
}

void TestConnections::picturesThatWaitEndWithTheAddress() {
    FakeServer server([](const FakeRequest&, QTcpSocket&) {});
    FakeServer other([](const FakeRequest&, QTcpSocket&) {});
    Remote remote;
    remote.setAddress(server.url());
    const Pictures pictures(remote, this);
    QTRY_COMPARE_WITH_TIMEOUT(imagesAsked(server), Remote::kMaxImages, 30'000);
    remote.setAddress(other.url());
    QTRY_COMPARE_WITH_TIMEOUT(pictures.answered(), kMany, 30'000);
    for (const auto& result : pictures.results) {
        QVERIFY(!*result);
        QCOMPARE(result->error().code, std::string(remote::kAborted));
    }
    QVERIFY(other.requests().isEmpty());
}

void TestConnections::picturesThatNobodyWaitsForAreNotFetched() {
    bool quick = false;
    QList<QPointer<QTcpSocket>> slow;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        if (quick) {
            socket.write(answer(200, "image/png", "a picture"));
        } else {
            slow.append(&socket);
        }
    });
    Remote remote;
    remote.setAddress(server.url());
    {
        QObject context;
        const Pictures pictures(remote, &context);
        QTRY_COMPARE_WITH_TIMEOUT(slow.size(), Remote::kMaxImages, 30'000);
    }
    bool fetched = false;
    remote.image("j_8", 0, this, [&](const Expected<QByteArray>& bytes) { fetched = bytes.has_value(); });
    quick = true;
    for (const auto& socket : slow) {
        socket->write(answer(200, "image/png", "a picture"));
    }
    QTRY_VERIFY_WITH_TIMEOUT(fetched, 30'000);
    QCOMPARE(imagesAsked(server), Remote::kMaxImages + 1);
}

void TestConnections::aStreamFindsAConnection_data() {
    QTest::addColumn<bool>("encrypted");
    QTest::newRow("plain") << false;
    QTest::newRow("TLS") << true;
}

/// To make one takes longer on a slow line than a step.
void TestConnections::aStreamFindsAConnection() {
    QFETCH(bool, encrypted);
    const Identity identity = makeIdentity();
    int askedOn = 0;
    FakeServer server(
        [&](const FakeRequest&, QTcpSocket& socket) {
            askedOn = FakeServer::numberOf(socket);
            socket.write(streamHead());
        },
        encrypted ? &identity : nullptr);
    Remote remote;
    remote.setEndpoint(
        {server.url(), encrypted ? remote::fingerprintOf(identity.certificate) : QByteArray(), {}, {}});
    remote.prepareStream();
    std::vector<std::unique_ptr<QNetworkReply>> streams;
    bool found = false;
    // The server sees a connection before Qt takes it into use: a stream that is opened in between has its
    // own.
    while (!found && streams.size() < 5) {
        QTRY_VERIFY_WITH_TIMEOUT(server.handshakes() > static_cast<int>(streams.size()), 30'000);
        const int made = server.handshakes();
        askedOn = 0;
        streams.emplace_back(remote.openEvents("j_7", {}));
        QTRY_VERIFY_WITH_TIMEOUT(askedOn > 0, 30'000);
        found = askedOn <= made;
    }
    QVERIFY(found);
}

/// One for what it asks, and one to spare that is not made anew each time.
void TestConnections::theLinkHasOneToSpare() {
    const protocol::ServerInfo info = readyServer();
    FakeServer server(answering(info));
    Remote remote;
    remote::ServerLink link(remote, kQuick);
    link.connectTo(server.url());
    QTRY_COMPARE_WITH_TIMEOUT(server.handshakes(), 2, 30'000);
    const int looks = server.count("GET", "/v1/server");
    QTRY_VERIFY_WITH_TIMEOUT(server.count("GET", "/v1/server") > looks + 5, 30'000);
    QCOMPARE(server.handshakes(), 2);
    server.cut();
    QTRY_VERIFY_WITH_TIMEOUT(server.handshakes() >= 4, 30'000);
}

QTEST_GUILESS_MAIN(TestConnections)
#include "test_connections.moc"
