// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTest>

#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"
#include "shared/protocol/log_lines.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using namespace std::chrono_literals;
using protocol::Expected;
using tests::FakeRequest;
using tests::FakeServer;

class TestRemote : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void asksForTheServer();
    void asksForTheLog();
    void handsInAJob();
    void stopsAJob();
    void fetchesAnImageWithProgress();
    void explainsFailures_data();
    void explainsFailures();
    void explainsRefusedConnections();
    void knowsHttpBehindHttps();
    void knowsHttpsBehindHttp_data();
    void knowsHttpsBehindHttp();
    void explainsUnknownHosts();
    void givesUpOnSilence();
    void explainsACutInTheMiddle();
    void doesNotFollowRedirects();
    void abortsWhenTheAddressChanges();
    void forgetsWhoIsGone();
};

namespace {

/// Waits for the answer of a call; the test fails where there is none.
template <typename T, typename Call>
std::optional<Expected<T>> wait(Call call) {
    std::optional<Expected<T>> result;
    QObject context;
    call(&context, [&](Expected<T> value) { result = std::move(value); });
    if (result) {
        return std::nullopt;  // "later, from the event loop" was promised
    }
    if (!QTest::qWaitFor([&] { return result.has_value(); }, 30'000)) {
        return std::nullopt;
    }
    return result;
}

std::optional<Expected<protocol::ServerInfo>> askServer(remote::Remote& remote) {
    return wait<protocol::ServerInfo>(
        [&](QObject* context, auto done) { remote.server(context, std::move(done)); });
}

protocol::Job someJob() {
    protocol::Job job;
    job.id = "j_7";
    job.settings.model = "starter";
    job.settings.prompt = "a cat";
    job.settings.sampler = "ddim";
    job.settings.seed = 41;
    job.createdAt = 1'790'000'000'000;
    return job;
}

}  // namespace

void TestRemote::asksForTheServer() {
    protocol::ServerInfo info;
    info.version = "0.1.0";
    info.deviceName = "NVIDIA T4";
    info.ready = true;
    info.limits.maxSteps = 77;
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(info)));
    });
    remote::Remote remote;
    remote.setAddress(QUrl(server.url().toString() + "/below"));
    const auto result = askServer(remote);
    QVERIFY(result);
    QVERIFY2(*result, result->has_value() ? "" : (*result).error().detail.c_str());
    QCOMPARE(**result, info);
    QCOMPARE(server.requests().first().path, "/below/v1/server");
    QVERIFY(server.requests().first().headers.value("user-agent").startsWith("Easel/"));
}

void TestRemote::asksForTheLog() {
    const std::vector<std::string> lines{"one", "“two” \\ 2"};
    QByteArray reply = tests::jsonAnswer(protocol::logLinesToJson(lines));
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) { socket.write(reply); });
    remote::Remote remote;
    remote.setEndpoint({server.url(), {}, "easel_0123456789abcdefghij", {}});
    const auto ask = [&] {
        return wait<std::vector<std::string>>(
            [&](QObject* context, auto done) { remote.log(context, std::move(done)); });
    };
    const auto told = ask();
    QVERIFY(told && *told);
    QCOMPARE(**told, lines);
    QCOMPARE(server.requests().first().path, "/v1/log");
    QCOMPARE(server.requests().first().headers.value("authorization"), "Bearer easel_0123456789abcdefghij");
    reply = tests::answer(403, "application/problem+json",
                          QByteArray::fromStdString(protocol::toJson(protocol::scopeMissing("No admin."))));
    const auto refused = ask();
    QVERIFY(refused && !*refused);
    QCOMPARE(refused->error().status, 403);
    QCOMPARE(refused->error().detail, "No admin.");
    reply = tests::jsonAnswer("{\"lines\": [\"one\", 2]}");
    const auto odd = ask();
    QVERIFY(odd && !*odd);
    QCOMPARE(odd->error().code, remote::kNotEasel);
}

void TestRemote::handsInAJob() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(someJob()), 202, "Location: /v1/jobs/j_7\r\n"));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    protocol::GenerationRequest request;
    request.prompt = "a “cat” 🐈";
    request.steps = 12;
    const auto job = wait<protocol::Job>(
        [&](QObject* context, auto done) { remote.createJob(request, "key-1", context, std::move(done)); });
    QVERIFY(job && *job);
    QCOMPARE((*job)->id, "j_7");
    const FakeRequest& sent = server.requests().first();
    QCOMPARE(sent.method, "POST");
    QCOMPARE(sent.path, "/v1/jobs");
    QCOMPARE(sent.headers.value("idempotency-key"), "key-1");
    QCOMPARE(sent.headers.value("content-type"), "application/json");
    QCOMPARE(protocol::parseRequest(sent.body.toStdString()).value(), request);
}

void TestRemote::stopsAJob() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(someJob())));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto stopped = wait<protocol::Job>(
        [&](QObject* context, auto done) { remote.cancelJob("j_7", context, std::move(done)); });
    QVERIFY(stopped && *stopped);
    QCOMPARE(**stopped, someJob());
    QCOMPARE(server.count("POST", "/v1/jobs/j_7/cancel"), 1);
}

void TestRemote::fetchesAnImageWithProgress() {
    QByteArray picture(3'000'000, '\0');
    for (qsizetype i = 0; i < picture.size(); ++i) {
        picture[i] = static_cast<char>(i * 7);
    }
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::answer(200, "image/png", picture));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    qint64 received = 0;
    qint64 total = 0;
    const auto bytes = wait<QByteArray>([&](QObject* context, auto done) {
        remote.image("j_7", 2, context, std::move(done), [&](qint64 now, qint64 all) {
            received = now;
            total = all;
        });
    });
    QVERIFY(bytes && *bytes);
    QVERIFY(**bytes == picture);
    QCOMPARE(received, picture.size());
    QCOMPARE(total, picture.size());
    QCOMPARE(server.requests().first().path, "/v1/jobs/j_7/images/2");
}

void TestRemote::explainsFailures_data() {
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("code");
    QTest::addColumn<int>("status");
    QTest::addColumn<bool>("passing");
    QTest::addColumn<int>("retryAfter");
    const auto told = [](const protocol::Problem& problem, const QByteArray& headers = {}) {
        return tests::answer(problem.status, "application/problem+json",
                             QByteArray::fromStdString(protocol::toJson(problem)), headers);
    };
    QTest::newRow("field") << told(protocol::invalidField("steps", "steps is 0; at least 1"))
                           << "invalid_field" << 422 << false << -1;
    QTest::newRow("queue full") << told(protocol::queueFull(100), "Retry-After: 8\r\n") << "queue_full" << 429
                                << true << 8;
    QTest::newRow("disk full") << told(protocol::noSpace("no room")) << "no_space" << 507 << false << -1;
    QTest::newRow("busy proxy") << tests::answer(429, "text/html", "<h1>slow down</h1>", "Retry-After: 3\r\n")
                                << "busy" << 429 << true << 3;
    QTest::newRow("gateway") << tests::answer(502, "text/html", "<h1>Bad gateway</h1>") << "unavailable"
                             << 502 << true << -1;
    QTest::newRow("no access") << tests::answer(401, "text/plain", "") << "no_access" << 401 << false << -1;
    QTest::newRow("another program") << tests::answer(404, "text/html", "<h1>nginx</h1>") << "not_easel" << 0
                                     << false << -1;
    QTest::newRow("a web page") << tests::answer(200, "text/html", "<h1>Router login</h1>") << "not_easel"
                                << 0 << false << -1;
    QTest::newRow("not HTTP") << QByteArray("220 mail.example.org ESMTP\r\n\r\n") << "unreachable" << 0
                              << true << -1;
}

void TestRemote::explainsFailures() {
    QFETCH(QByteArray, answer);
    QFETCH(QString, code);
    QFETCH(int, status);
    QFETCH(bool, passing);
    QFETCH(int, retryAfter);
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(answer);
        socket.disconnectFromHost();
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    const protocol::Problem& problem = result->error();
    QCOMPARE(QString::fromStdString(problem.code), code);
    QCOMPARE(problem.status, status);
    QCOMPARE(remote::isPassing(problem), passing);
    QCOMPARE(problem.retryAfter.value_or(-1), retryAfter);
    QVERIFY(!problem.title.empty());
    QVERIFY(!problem.detail.empty());
}

void TestRemote::explainsRefusedConnections() {
    FakeServer server([](const FakeRequest&, QTcpSocket&) {});
    server.stop();
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    QCOMPARE(result->error().code, std::string(remote::kUnreachable));
    QVERIFY(remote::isPassing(result->error()));
    const QString detail = QString::fromStdString(result->error().detail);
    QVERIFY2(detail.contains(QString::number(server.url().port())), qPrintable(detail));
}

void TestRemote::knowsHttpBehindHttps() {
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QTcpServer::newConnection, &server, [&server] {
        QTcpSocket* socket = server.nextPendingConnection();
        connect(socket, &QTcpSocket::readyRead, socket, [socket] {
            socket->write(tests::answer(400, "application/problem+json", "{}", "Connection: close\r\n"));
            socket->disconnectFromHost();
        });
    });
    remote::Remote remote;
    remote.setAddress(QUrl(QStringLiteral("https://localhost:%1").arg(server.serverPort())));
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    QCOMPARE(result->error().code, std::string(remote::kOtherScheme));
    QVERIFY(!remote::isPassing(result->error()));
    const QString detail = QString::fromStdString(result->error().detail);
    QVERIFY2(
        detail.endsWith(QStringLiteral("Type http://localhost:%1 as the address.").arg(server.serverPort())),
        qPrintable(detail));
}

void TestRemote::knowsHttpsBehindHttp_data() {
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("words");
    QTest::newRow("nginx") << tests::answer(400, "text/html",
                                            "<h1>The plain HTTP request was sent to HTTPS port</h1>")
                           << "Type https://127.0.0.1:%1 as the address.";
    QTest::newRow("Go") << tests::answer(400, "text/plain",
                                         "Client sent an HTTP request to an HTTPS server.\n")
                        << "Type https://127.0.0.1:%1 as the address.";
    QTest::newRow("a TLS alert") << QByteArray("\x15\x03\x01\x00\x02\x02\x46", 7)
                                 << "If it speaks https, put https:// before the address.";
}

void TestRemote::knowsHttpsBehindHttp() {
    QFETCH(QByteArray, answer);
    QFETCH(QString, words);
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(answer);
        socket.disconnectFromHost();
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    const QString detail = QString::fromStdString(result->error().detail);
    const QString sentence = words.contains("%1") ? words.arg(server.url().port()) : words;
    QVERIFY2(detail.endsWith(sentence), qPrintable(detail));
}

void TestRemote::explainsUnknownHosts() {
    remote::Remote remote;
    remote.setAddress(QUrl("http://no-such-host.invalid:5000"));
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    QCOMPARE(result->error().code, std::string(remote::kUnreachable));
    QVERIFY(QString::fromStdString(result->error().detail).contains("no-such-host.invalid"));
}

void TestRemote::givesUpOnSilence() {
    FakeServer server([](const FakeRequest&, QTcpSocket&) {});
    remote::Remote remote;
    remote.setTimeout(100ms);
    remote.setAddress(server.url());
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    QCOMPARE(result->error().code, std::string(remote::kTimedOut));
    QVERIFY(remote::isPassing(result->error()));
}

void TestRemote::explainsACutInTheMiddle() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nonly this");
        socket.disconnectFromHost();
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto bytes = wait<QByteArray>(
        [&](QObject* context, auto done) { remote.image("j_7", 0, context, std::move(done)); });
    QVERIFY(bytes && !*bytes);
    QCOMPARE(bytes->error().code, std::string(remote::kUnreachable));
}

void TestRemote::doesNotFollowRedirects() {
    FakeServer elsewhere([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(protocol::ServerInfo())));
    });
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::answer(307, "text/html", "",
                                   "Location: " + elsewhere.url().toString().toLatin1() + "/v1/server\r\n"));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    const auto result = askServer(remote);
    QVERIFY(result && !*result);
    QCOMPARE(result->error().code, std::string(remote::kNotEasel));
    QVERIFY(QString::fromStdString(result->error().detail).contains(elsewhere.url().toString()));
    QVERIFY(elsewhere.requests().isEmpty());
}

void TestRemote::abortsWhenTheAddressChanges() {
    FakeServer server([](const FakeRequest&, QTcpSocket&) {});
    remote::Remote remote;
    remote.setAddress(server.url());
    std::optional<Expected<protocol::ServerInfo>> result;
    remote.server(this, [&](Expected<protocol::ServerInfo> info) { result = std::move(info); });
    QTRY_COMPARE(server.requests().size(), 1);
    remote.setAddress(QUrl("http://127.0.0.1:1"));
    QTRY_VERIFY(result.has_value());
    QCOMPARE(result->error().code, std::string(remote::kAborted));
}

void TestRemote::forgetsWhoIsGone() {
    FakeServer server([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::jsonAnswer(protocol::toJson(protocol::ServerInfo())));
    });
    remote::Remote remote;
    remote.setAddress(server.url());
    bool called = false;
    {
        QObject context;
        remote.server(&context, [&](const Expected<protocol::ServerInfo>&) { called = true; });
    }
    QVERIFY(askServer(remote));  // the later answer has come, so the earlier one has too
    QVERIFY(!called);
}

QTEST_GUILESS_MAIN(TestRemote)
#include "test_remote.moc"
