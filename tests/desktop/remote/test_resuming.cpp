// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <memory>

#include "desktop/remote/partial_image.h"
#include "desktop/remote/remote.h"
#include "tests/desktop/remote/fake_picture.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using namespace std::chrono_literals;
using protocol::Expected;
using remote::PartialImage;
using tests::FakePicture;
using tests::FakeRequest;
using tests::FakeServer;

/// A picture whose bytes come in several tries.
class TestResuming : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void goesOnAfterEachCut();
    void goesOnAfterWhateverCut_data();
    void goesOnAfterWhateverCut();
    void goesOnAtAnotherAddress();
    void keepsWhatIsThereWhileTheServerIsBusy();
    void takesTheWholeOfWhatHasChanged();
    void startsOverWhereItMust_data();
    void startsOverWhereItMust();
    void needsAStrongValidator_data();
    void needsAStrongValidator();
    void takesNoMoreThanAPictureHolds();
};

namespace {

constexpr qsizetype kSize = 300'000;
constexpr qsizetype kCut = 100'000;
const QByteArray kTag = "\"j_7-0-a\"";

QByteArray somePicture() {
    QByteArray picture(kSize, '\0');
    for (qsizetype i = 0; i < picture.size(); ++i) {
        picture[i] = static_cast<char>(i * 7 + i / 256);
    }
    return picture;
}

/// One try to fetch the picture.
struct Try {
    Try(remote::Remote& remote, const std::shared_ptr<PartialImage>& part) {
        remote.image(
            "j_7", 0, &context, [this](Expected<QByteArray> bytes) { result = std::move(bytes); },
            [this](qint64 now, qint64 all) {
                received = now;
                total = all;
                least = least < 0 ? now : qMin(least, now);
            },
            part);
    }
    bool wait() {
        return QTest::qWaitFor([this] { return result.has_value(); }, 30'000);
    }

    QObject context;
    std::optional<Expected<QByteArray>> result;
    qint64 least = -1;
    qint64 received = -1;
    qint64 total = -1;
};

QByteArray partAnswer(const QByteArray& range, const QByteArray& body, const QByteArray& tag = kTag) {
    return tests::answer(206, "image/png", body, "ETag: " + tag + "\r\nContent-Range: " + range + "\r\n");
}

}  // namespace

void TestResuming::goesOnAfterEachCut() {
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut, kCut}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        sender.answer(request, socket, picture, kTag);
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    for (const qsizetype there : {kCut, 2 * kCut}) {
        Try cut(remote, part);
        QVERIFY(cut.wait());
        QVERIFY(!*cut.result);
        QCOMPARE(cut.result->error().code, std::string(remote::kUnreachable));
        QCOMPARE(part->size(), there);
    }
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QCOMPARE(sender.sent, kSize);
    QVERIFY(last.least >= 2 * kCut);
    QCOMPARE(last.received, kSize);
    QCOMPARE(last.total, kSize);
    QVERIFY(!server.requests()[0].headers.contains("range"));
    QCOMPARE(server.requests()[2].headers.value("range"), "bytes=200000-");
    QCOMPARE(server.requests()[2].headers.value("if-range"), kTag);
    QCOMPARE(part->size(), 0);  // it is not kept twice
}

void TestResuming::goesOnAfterWhateverCut_data() {
    QTest::addColumn<bool>("sleeps");
    QTest::newRow("silence") << false;
    QTest::newRow("sleep") << true;
}

void TestResuming::goesOnAfterWhateverCut() {
    QFETCH(bool, sleeps);
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut}, true};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        sender.answer(request, socket, picture, kTag);
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    if (!sleeps) {
        remote.setTimeout(2s);
    }
    const auto part = std::make_shared<PartialImage>();
    Try silent(remote, part);
    QTRY_COMPARE_WITH_TIMEOUT(part->size(), kCut, 30'000);
    if (sleeps) {
        remote.dropConnections();
    }
    QVERIFY(silent.wait());
    QVERIFY(!*silent.result && remote::isPassing(silent.result->error()));
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QCOMPARE(sender.sent, kSize);
}

void TestResuming::goesOnAtAnotherAddress() {
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut}, true};
    const auto answering = [&](const FakeRequest& request, QTcpSocket& socket) {
        sender.answer(request, socket, picture, kTag);
    };
    FakeServer server(answering);
    FakeServer later(answering);
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QTRY_COMPARE_WITH_TIMEOUT(part->size(), kCut, 30'000);
    remote.setAddress(later.url());
    QVERIFY(cut.wait());
    QCOMPARE(cut.result->error().code, std::string(remote::kAborted));
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QCOMPARE(sender.sent, kSize);
    QCOMPARE(later.requests().size(), 1);
}

void TestResuming::keepsWhatIsThereWhileTheServerIsBusy() {
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut}};
    bool busy = false;
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (busy) {
            socket.write(tests::answer(503, "text/html", "<h1>One moment</h1>"));
        } else {
            sender.answer(request, socket, picture, kTag);
        }
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QVERIFY(cut.wait());
    busy = true;
    Try refused(remote, part);
    QVERIFY(refused.wait());
    QVERIFY(!*refused.result);
    QCOMPARE(refused.result->error().status, 503);
    QCOMPARE(part->size(), kCut);
    busy = false;
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QCOMPARE(sender.sent, kSize);
}

void TestResuming::takesTheWholeOfWhatHasChanged() {
    QByteArray picture = somePicture();
    QByteArray tag = kTag;
    FakePicture sender{{kCut}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        sender.answer(request, socket, picture, tag);
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QVERIFY(cut.wait());
    std::ranges::reverse(picture);
    tag = "\"j_7-0-b\"";
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(server.requests()[1].headers.contains("range"));
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QCOMPARE(last.total, kSize);
}

void TestResuming::startsOverWhereItMust_data() {
    QTest::addColumn<QByteArray>("answer");
    const QByteArray body = somePicture().mid(kCut);
    const auto row = [&](const char* name, const QByteArray& range) {
        QTest::newRow(name) << partAnswer(range, body);
    };
    row("another beginning", "bytes 99999-299999/300000");
    row("not to the end", "bytes 100000-299998/300000");
    row("no size", "bytes 100000-299999/*");
    row("another unit", "pixels 100000-299999/300000");
    row("no range", "bytes");
    row("a number that is none", "bytes 100000-299999/99999999999999999999999");
    QTest::newRow("another picture") << partAnswer("bytes 100000-299999/300000", body, "\"j_7-0-b\"");
    QTest::newRow("behind the end") << tests::answer(416, "text/plain", "", "Content-Range: bytes */9\r\n");
    QTest::newRow("behind the end, with words")
        << tests::answer(416, "application/problem+json", R"({"title":"No","status":416,"code":"x"})");
}

void TestResuming::startsOverWhereItMust() {
    QFETCH(QByteArray, answer);
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (request.headers.contains("range")) {
            socket.write(answer);
        } else {
            sender.answer(request, socket, picture, kTag);
        }
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QVERIFY(cut.wait());
    QCOMPARE(part->size(), kCut);
    Try unfit(remote, part);
    QVERIFY(unfit.wait());
    QVERIFY(!*unfit.result);
    QVERIFY2(remote::isPassing(unfit.result->error()), unfit.result->error().detail.c_str());
    QCOMPARE(part->size(), 0);
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
}

void TestResuming::needsAStrongValidator_data() {
    QTest::addColumn<QByteArray>("tag");
    QTest::newRow("none") << QByteArray();
    QTest::newRow("weak") << QByteArray("W/\"j_7-0-a\"");
    QTest::newRow("without quotes") << QByteArray("j_7-0-a");
}

/// Another picture comes the second time.
void TestResuming::needsAStrongValidator() {
    QFETCH(QByteArray, tag);
    QByteArray picture = somePicture();
    FakePicture sender{{kCut}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        sender.answer(request, socket, picture, tag);
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QVERIFY(cut.wait());
    std::ranges::reverse(picture);
    Try last(remote, part);
    QVERIFY(last.wait());
    QVERIFY(*last.result);
    QVERIFY(**last.result == picture);
    QVERIFY(!server.requests()[1].headers.contains("range"));
}

void TestResuming::takesNoMoreThanAPictureHolds() {
    const QByteArray picture = somePicture();
    FakePicture sender{{kCut}};
    FakeServer server([&](const FakeRequest& request, QTcpSocket& socket) {
        if (request.headers.contains("range")) {
            // What is there and what is to come: one byte more than 256 MiB.
            socket.write("HTTP/1.1 206 Part\r\nContent-Type: image/png\r\nETag: " + kTag +
                         "\r\nContent-Length: 268335457\r\n"
                         "Content-Range: bytes 100000-268435456/268435457\r\n\r\nand so on");
        } else {
            sender.answer(request, socket, picture, kTag);
        }
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto part = std::make_shared<PartialImage>();
    Try cut(remote, part);
    QVERIFY(cut.wait());
    Try endless(remote, part);
    QVERIFY(endless.wait());
    QVERIFY(!*endless.result);
    QCOMPARE(endless.result->error().code, std::string(remote::kNotEasel));
}

QTEST_GUILESS_MAIN(TestResuming)
#include "test_resuming.moc"
