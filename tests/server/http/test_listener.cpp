// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <mutex>

#include "tests/server/http/listener_test.h"

using namespace easel::http;
using namespace easel::tests;

/// Requests and their answers.
class TestListener : public ListenerTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { beginAll(); }
    void init() { begin(); }
    void cleanup() { end(); }

    void requestsAreAnswered() {
        const auto listener = start();
        const auto hello = fetch(listener->port(), "GET", "/hello?name=a+b%21");
        QVERIFY(hello);
        QCOMPARE(hello->status, 200);
        QCOMPARE(hello->body, std::string("hello a b!"));
        QCOMPARE(hello->header("x-content-type-options"), std::string("nosniff"));
        QVERIFY(hello->header("date").ends_with(" GMT"));

        const auto head = fetch(listener->port(), "HEAD", "/hello");
        QCOMPARE(head->status, 200);
        QCOMPARE(head->header("content-length"), std::string("9"));

        QCOMPARE(fetch(listener->port(), "POST", "/echo", "", "some words")->body, std::string("some words"));
        const auto file = fetch(listener->port(), "GET", "/file");
        QCOMPARE(file->body.size(), std::size_t{200'003});
        QVERIFY(file->body.starts_with("xx") && file->body.ends_with("xend"));
    }

    void connectionsAreKept() {
        const auto listener = start();
        RawClient client(listener->port());
        for (int i = 0; i < 3; ++i) {
            client.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
            QCOMPARE(client.receive()->header("connection"), std::string("keep-alive"));
        }
        // Sent ahead of their answers, they are answered in their order.
        client.send("GET /hello?name=1 HTTP/1.1\r\n" + kHost + "\r\nPOST /echo HTTP/1.1\r\n" + kHost +
                    "Content-Length: 3\r\n\r\ntwoGET /hello?name=3 HTTP/1.1\r\n" + kHost + "\r\n");
        QCOMPARE(client.receive()->body, std::string("hello 1"));
        QCOMPARE(client.receive()->body, std::string("two"));
        QCOMPARE(client.receive()->body, std::string("hello 3"));
        client.send("GET /hello HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
        QCOMPARE(client.receive()->header("connection"), std::string("close"));
        QVERIFY(client.isClosedByServer());
    }

    void olderVersionIsSpoken() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("GET /hello HTTP/1.0\r\n\r\n");
        QCOMPARE(client.receive()->body, std::string("hello you"));
        QVERIFY(client.isClosedByServer());
    }

    void chunkedBodiesAreRead() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send("POST /echo HTTP/1.1\r\n" + kHost +
                    "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
        QVERIFY(client.receiveUntil("\r\n\r\n").starts_with("HTTP/1.1 100 "));
        client.send("5\r\nsome \r\n");
        client.send("A\r\nmore words\r\n0\r\nX-Sum: 5\r\n\r\n");
        QCOMPARE(client.receive()->body, std::string("some more words"));
        client.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
        QCOMPARE(client.receive()->status, 200);
    }

    void badChunksAreRefused_data() {
        QTest::addColumn<QByteArray>("chunks");
        for (const char* chunks : {"-1\r\na\r\n0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n", "g\r\n", "\r\n\r\n",
                                   "1 \r\na\r\n0\r\n\r\n", " 1\r\na\r\n0\r\n\r\n", "1;a=b\r\na\r\n0\r\n\r\n",
                                   "1\r\nab\r\n0\r\n\r\n", "fffffffffffffffff\r\na\r\n", "1\r\na0\r\n\r\n",
                                   "1\r\r\na\r\n0\r\n\r\n", "1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n"}) {
            QTest::newRow(QByteArray(chunks).toPercentEncoding().constData()) << QByteArray(chunks);
        }
    }

    void badChunksAreRefused() {
        QFETCH(QByteArray, chunks);
        const auto listener = start();
        RawClient client(listener->port());
        client.send("POST /echo HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n" +
                    chunks.toStdString());
        const auto response = client.receive();
        QVERIFY(response);
        QCOMPARE(response->status / 100, 4);
        QVERIFY(client.isClosedByServer());
    }

    void wrongPathsAndMethodsAreRefused() {
        const auto listener = start();
        QCOMPARE(fetch(listener->port(), "GET", "/nothing")->status, 404);
        QCOMPARE(fetch(listener->port(), "GET", "/../../etc/passwd")->status, 400);
        QCOMPARE(fetch(listener->port(), "GET", "/%2e%2e/etc/passwd")->status, 400);
        const auto wrong = fetch(listener->port(), "DELETE", "/hello");
        QCOMPARE(wrong->status, 405);
        QCOMPARE(wrong->header("allow"), std::string("GET, HEAD, OPTIONS"));
        QCOMPARE(fetch(listener->port(), "BREW", "/hello")->status, 405);
        const auto options = fetch(listener->port(), "OPTIONS", "/echo");
        QCOMPARE(options->status, 204);
        QCOMPARE(options->header("allow"), std::string("POST, OPTIONS"));
        QCOMPARE(fetch(listener->port(), "OPTIONS", "*")->status, 204);
        QCOMPARE(fetch(listener->port(), "OPTIONS", "/nothing")->status, 404);
        QCOMPARE(fetch(listener->port(), "GET", "/hello", "Expect: miracles\r\n")->status, 417);
    }

    void strangersAreRefused() {
        const auto listener = start();
        RawClient rebound(listener->port());
        rebound.send("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        QCOMPARE(rebound.receive()->status, 421);
        RawClient proxied(listener->port());
        proxied.send("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        QCOMPARE(proxied.receive()->status, 421);

        QCOMPARE(fetch(listener->port(), "POST", "/echo", "Origin: http://evil.example\r\n", "x")->status,
                 403);
        QCOMPARE(fetch(listener->port(), "POST", "/echo", "Origin: null\r\n", "x")->status, 403);
        QCOMPARE(
            fetch(listener->port(), "POST", "/echo", "Origin: " + scheme() + "://localhost\r\n", "x")->status,
            200);
        QCOMPARE(fetch(listener->port(), "GET", "/hello", "Origin: http://evil.example\r\n")->status, 200);

        ListenerOptions options;
        options.allowedHosts = {"gpu.example"};
        const auto named = start(options);
        RawClient client(named->port());
        client.send("GET /hello HTTP/1.1\r\nHost: gpu.example:8080\r\n\r\n");
        QCOMPARE(client.receive()->status, 200);
    }

    void framingTricksEndTheConnection() {
        const auto listener = start();
        RawClient client(listener->port());
        client.send(
            "POST /echo HTTP/1.1\r\n" + kHost +
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n" +
            kHost + "\r\n");
        QCOMPARE(client.receive()->status, 400);
        QVERIFY(client.isClosedByServer());  // and what was smuggled in was not answered
    }

    void takenPortsAreReported() {
        const auto listener = start();
        ListenerOptions options;
        options.port = listener->port();
        const auto second = Listener::start(over(chosenTransport(), options), makeRouter());
        QVERIFY(!second);
        QVERIFY(second.error().find("is taken") != std::string::npos);
        options.address = "not an address";
        QVERIFY(!Listener::start(over(chosenTransport(), options), makeRouter()));
    }

    void accessIsReported() {
        std::mutex mutex;
        std::vector<std::string> lines;
        ListenerOptions options;
        options.onAccess = [&](const Access& access) {
            const std::lock_guard lock(mutex);
            lines.push_back(access.remote + " " + access.method + " " + access.path + " " +
                            std::to_string(access.status));
        };
        {
            const auto listener = start(options);
            fetch(listener->port(), "GET", "/hello?name=secret");
            fetch(listener->port(), "GET", "/nothing");
        }
        QCOMPARE(lines, (std::vector<std::string>{"127.0.0.1 GET /hello 200", "127.0.0.1 GET /nothing 404"}));
    }
};

QTEST_GUILESS_MAIN(TestListener)
#include "test_listener.moc"
