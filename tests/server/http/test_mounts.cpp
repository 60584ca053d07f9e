// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <array>
#include <atomic>
#include <cstdio>
#include <stdexcept>

#include "server/http/listener.h"
#include "tests/server/http/raw_client.h"

using namespace easel::http;
using namespace easel::tests;

namespace {

constexpr std::size_t kMiB = 1024UL * 1024;
const std::string kHost = "Host: localhost\r\n";
const std::string kKey = "Authorization: Bearer anna\r\n";

std::string head(const std::string& method, const std::string& target, const std::string& fields) {
    return method + " " + target + " HTTP/1.1\r\n" + kHost + fields + "\r\n";
}

std::string lengthOf(std::size_t size) {
    return "Content-Length: " + std::to_string(size) + "\r\n";
}

Mount mountThatSays(const std::string& name, std::size_t maxBodyBytes) {
    Mount mount;
    mount.maxBodyBytes = maxBodyBytes;
    mount.errorWriter = [name](int status, const std::string&) {
        return textResponse(status, name + " " + std::to_string(status));
    };
    return mount;
}

}  // namespace

/// What holds below a prefix: how errors look, how large a body may be, and who comes in.
class TestMounts : public QObject {
    Q_OBJECT

private:
    std::atomic<int> m_asked = 0;    // the gate
    std::atomic<int> m_handled = 0;  // requests that came to a handler
    std::unique_ptr<Listener> m_listener;

    tl::expected<Caller, Response> askWho(const Request& request) {
        ++m_asked;
        const auto key = request.headers.find("Authorization").value_or("");
        if (key == "Bearer odd") {
            throw std::runtime_error("the keys cannot be read");
        }
        if (key != "Bearer anna") {
            Response refusal = textResponse(401, "who?");
            refusal.headers.set("WWW-Authenticate", "Bearer");
            return tl::unexpected(std::move(refusal));
        }
        return Caller{"anna"};
    }

    Router makeRouter() {
        Router router;
        router.mount("/", mountThatSays("root", 1000));
        Mount guarded = mountThatSays("guarded", 2 * kMiB);
        guarded.gate = [this](const Request& request) { return askWho(request); };
        router.mount("/v1", std::move(guarded));
        router.mount("/v1/open", mountThatSays("open", 10));
        const auto answer = [this](const Request& request) {
            ++m_handled;
            return textResponse(200, request.caller.name + "," + std::to_string(request.body.size()));
        };
        for (const char* path : {"/post", "/v1/post", "/v1/open/post", "/v1", "/v12/post"}) {
            router.addSimple("POST", path, answer);
        }
        router.addSimple("GET", "/v1/get", answer);
        router.add("GET", "/v1/forgets", [](const Request&, const Responder&) {});
        return router;
    }

private Q_SLOTS:
    void init() {
        m_listener = Listener::start(over(chosenTransport()), makeRouter()).value();
        m_asked = m_handled = 0;
    }

    void gatesRefuseBeforeTheBody_data() {
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<QByteArray>("body");
        const QByteArray length = QByteArray::fromStdString(lengthOf(kMiB));
        const QByteArray expect = "Expect: 100-continue\r\n";
        const QByteArray chunked = "Transfer-Encoding: chunked\r\n";
        QTest::newRow("asked for") << length + expect << QByteArray();
        QTest::newRow("asked for, in chunks") << chunked + expect << QByteArray();
        QTest::newRow("awaited") << length << QByteArray();
        QTest::newRow("sent") << length << QByteArray(kMiB, 'b');
        QTest::newRow("sent, in chunks") << chunked << "100000\r\n" + QByteArray(kMiB, 'b') + "\r\n0\r\n\r\n";
    }

    void gatesRefuseBeforeTheBody() {
        QFETCH(QByteArray, fields);
        QFETCH(QByteArray, body);
        RawClient client(m_listener->port());
        client.send(head("POST", "/v1/post", fields.toStdString()) + body.toStdString());
        const std::string answer = client.receiveUntil("\r\n\r\n");
        QVERIFY2(answer.starts_with("HTTP/1.1 401 "), answer.c_str());  // and no 100 before it
        QVERIFY(answer.find("WWW-Authenticate: Bearer\r\n") != std::string::npos);
        QVERIFY(answer.find("Connection: close\r\n") != std::string::npos);
        QCOMPARE(client.receiveUntil("who?"), std::string("who?"));
        QVERIFY(client.isClosedByServer());
        QCOMPARE(m_asked.load(), 1);
        QCOMPARE(m_handled.load(), 0);
    }

    void refusedRequestsWithoutABodyMayBeFollowed() {
        RawClient client(m_listener->port());
        client.send(head("GET", "/v1/get", ""));
        QCOMPARE(client.receive()->status, 401);
        client.send(head("GET", "/v1/get", kKey));
        QCOMPARE(client.receive()->body, std::string("anna,0"));
        client.send(head("GET", "/v1/get", ""));  // who asked before does not count
        QCOMPARE(client.receive()->status, 401);
    }

    void handlersLearnWhoAsks() {
        QCOMPARE(fetch(m_listener->port(), "POST", "/v1/post", kKey, std::string(kMiB, 'b'))->body,
                 "anna," + std::to_string(kMiB));
        QCOMPARE(fetch(m_listener->port(), "POST", "/post", kKey, "b")->body, std::string(",1"));
        RawClient client(m_listener->port());
        client.send(head("POST", "/v1/post", kKey + lengthOf(3) + "Expect: 100-continue\r\n"));
        QVERIFY(client.receiveUntil("\r\n\r\n").starts_with("HTTP/1.1 100 "));
        client.send("abc");
        QCOMPARE(client.receive()->body, std::string("anna,3"));
    }

    void gatesStandInFrontOfEverything_data() {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<int>("behind");
        const auto row = [](const char* name, const char* method, const char* target, int behind,
                            const std::string& fields = {}) {
            QTest::newRow(name) << QByteArray(method) << QByteArray(target)
                                << QByteArray::fromStdString(fields) << behind;
        };
        row("a route", "GET", "/v1/get", 200);
        row("HEAD", "HEAD", "/v1/get", 200);
        row("OPTIONS", "OPTIONS", "/v1/get", 204);
        row("the prefix", "POST", "/v1", 200);
        row("escapes", "GET", "/%761/get", 200);
        row("query", "GET", "/v1/get?a=b", 200);
        row("no such path", "GET", "/v1/nothing", 404);
        row("no such path, slash", "GET", "/v1/", 404);
        row("not with this method", "DELETE", "/v1/get", 405);
        row("OPTIONS of no such path", "OPTIONS", "/v1/nothing", 404);
        row("odd expectation", "GET", "/v1/get", 417, "Expect: miracles\r\n");
        row("body too large", "POST", "/v1/post", 413, lengthOf(3 * kMiB));
        row("no answer", "GET", "/v1/forgets", 500);
    }

    void gatesStandInFrontOfEverything() {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, target);
        QFETCH(QByteArray, fields);
        QFETCH(int, behind);
        for (const bool hasKey : {false, true}) {
            RawClient client(m_listener->port());
            client.send(head(method.toStdString(), target.toStdString(),
                             fields.toStdString() + (hasKey ? kKey : "")));
            const auto answer = client.receive(method == "HEAD");
            QVERIFY(answer);
            QCOMPARE(answer->status, hasKey ? behind : 401);
            QCOMPARE(m_handled.load(), hasKey && behind == 200 ? 1 : 0);
            if (hasKey && behind >= 400) {
                QCOMPARE(answer->body, "guarded " + std::to_string(behind));
            }
        }
    }

    void strangersDoNotComeToTheGate() {
        RawClient rebound(m_listener->port());
        rebound.send("GET /v1/get HTTP/1.1\r\nHost: evil.example\r\n" + kKey + "\r\n");
        QCOMPARE(rebound.receive()->body, std::string("guarded 421"));
        QCOMPARE(fetch(m_listener->port(), "POST", "/v1/post", kKey + "Origin: null\r\n", "b")->body,
                 std::string("guarded 403"));
        QCOMPARE(m_asked.load(), 0);
    }

    void gatesThatFailLetNobodyIn() {
        const auto answer =
            fetch(m_listener->port(), "POST", "/v1/post", "Authorization: Bearer odd\r\n", "b");
        QCOMPARE(answer->body, std::string("guarded 500"));
        QCOMPARE(answer->header("connection"), std::string("close"));
        QCOMPARE(m_handled.load(), 0);
    }

    void theLongestPrefixCounts() {
        const auto says = [this](const std::string& method, const std::string& target) {
            return fetch(m_listener->port(), method, target)->body;
        };
        QCOMPARE(says("GET", "/nothing"), std::string("root 404"));
        QCOMPARE(says("GET", "/v12"), std::string("root 404"));
        QCOMPARE(says("GET", "//v1/get"), std::string("root 404"));
        QCOMPARE(says("GET", "/V1/get"), std::string("root 404"));
        QCOMPARE(says("GET", "/%zz"), std::string("root 400"));
        QCOMPARE(says("GET", "/v1/open/nothing"), std::string("open 404"));
        QCOMPARE(says("DELETE", "/v1/open/post"), std::string("open 405"));
        QCOMPARE(says("GET", "/v1/opening"), std::string("who?"));
        QCOMPARE(fetch(m_listener->port(), "OPTIONS", "*")->status, 204);
        QCOMPARE(m_asked.load(), 1);
    }

    void prefixesMayComeInAnyOrder() {
        Router router;
        for (const char* prefix : {"/a/b", "/a/b/c", "/a", "/z"}) {
            router.mount(prefix, mountThatSays(prefix, 1));
        }
        const auto of = [&](std::string_view path) {
            return std::get<std::string>(router.error(path, 404, "nothing").body);
        };
        QCOMPARE(of("/a/b/c/d"), std::string("/a/b/c 404"));
        QCOMPARE(of("/a/b/d"), std::string("/a/b 404"));
        QCOMPARE(of("/a/c"), std::string("/a 404"));
        QCOMPARE(of("/z"), std::string("/z 404"));
        QCOMPARE(of("/"), std::string("nothing\n"));  // plain text, where nothing was said
        QCOMPARE(of(""), std::string("nothing\n"));
    }

    void bodiesHaveTheLimitOfTheirMount_data() {
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<int>("limit");
        QTest::newRow("root") << QByteArray("/post") << 1000;
        QTest::newRow("beside") << QByteArray("/v12/post") << 1000;
        QTest::newRow("guarded") << QByteArray("/v1/post") << static_cast<int>(2 * kMiB);
        QTest::newRow("open") << QByteArray("/v1/open/post") << 10;
    }

    void bodiesHaveTheLimitOfTheirMount() {
        QFETCH(QByteArray, target);
        QFETCH(int, limit);
        for (const int more : {0, 1}) {
            const std::string body(static_cast<std::size_t>(limit + more), 'b');
            const int expected = more == 0 ? 200 : 413;
            const auto answer = fetch(m_listener->port(), "POST", target.toStdString(), kKey, body);
            QVERIFY(answer);
            QCOMPARE(answer->status, expected);
            RawClient chunked(m_listener->port());
            std::array<char, 16> size{};
            std::snprintf(size.data(), size.size(), "%zx\r\n", body.size());
            chunked.send(head("POST", target.toStdString(), kKey + "Transfer-Encoding: chunked\r\n") +
                         size.data() + body + "\r\n0\r\n\r\n");
            QCOMPARE(chunked.receive()->status, expected);
        }
    }
};

QTEST_GUILESS_MAIN(TestMounts)
#include "test_mounts.moc"
