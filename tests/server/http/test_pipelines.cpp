// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <chrono>
#include <future>
#include <thread>

#include "server/http/listener.h"
#include "tests/server/http/conversation.h"
#include "tests/server/http/raw_client.h"

using namespace easel::http;
using namespace easel::tests;
using namespace std::chrono_literals;

Q_DECLARE_METATYPE(Conversation)

namespace {

const std::string kHost = "Host: localhost\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string get(const std::string& path = "/livez") {
    return "GET " + path + " HTTP/1.1\r\n" + kHost + "\r\n";
}

std::string post(const std::string& fields, const std::string& body = {},
                 const std::string& version = "1.1") {
    return "POST /echo HTTP/" + version + "\r\n" + kHost + fields + "\r\n" + body;
}

}  // namespace

/// Several requests on one connection, those that ask first, and clients that end early or are slow.
class TestPipelines : public QObject {
    Q_OBJECT

private:
    static Router router() {
        Router router;
        router.addSimple("GET", "/livez", [](const Request&) { return textResponse(200, "alive\n"); });
        router.addSimple("POST", "/echo",
                         [](const Request& request) { return textResponse(200, request.body); });
        router.add("GET", "/later", [](const Request&, const Responder& responder) {
            std::thread([responder] {
                std::this_thread::sleep_for(50ms);
                responder.send(textResponse(200, "later"));
            }).detach();
        });
        return router;
    }

    std::unique_ptr<Listener> m_listener;

private Q_SLOTS:
    void initTestCase() { m_listener = Listener::start(over(chosenTransport()), router()).value(); }

    void requestsFollowEachOther_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto row = [](const char* name, const std::string& bytes, std::vector<int> statuses,
                            bool ends = false) {
            QTest::newRow(name) << Conversation{{bytes}, std::move(statuses), ends};
        };
        std::string many;
        std::string mixed;
        for (int i = 0; i < 100; ++i) {
            many += get();
            mixed += i % 2 == 0 ? get() : post("Content-Length: 2\r\n", "{}");
        }
        row("100 at once", many, std::vector<int>(100, 200));
        row("100 mixed", mixed, std::vector<int>(100, 200));
        row("good, then bad", get() + "GET /livez HTTP/1.1\r\n\r\n", {200, 400}, true);
        row("after a 404", get("/nothing") + get(), {404, 200});
        row("junk after a request", post("Content-Length: 2\r\n", "{}xyzzy\r\n\r\n"), {200, 400}, true);
        row("other expectation", post("Content-Length: 2\r\nExpect: 200-ok\r\n", "{}"), {417}, true);
        row("413 for 100", post("Content-Length: 2000000\r\nExpect: 100-continue\r\n"), {413}, true);
        row("404 for 100",
            "POST /nothing HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", {404},
            true);
        row("expectation over 1.0",
            post("Content-Length: 2\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n", "{}", "1.0"),
            {200});
    }

    void requestsFollowEachOther() {
        QFETCH(Conversation, conversation);
        const std::string wrong = disagreement(m_listener->port(), conversation);
        QVERIFY2(wrong.empty(), wrong.c_str());
    }

    /// While an answer is waited for, the beginning of what comes is read already.
    void whatIsSentAheadIsKept() {
        const std::string body(300'000, 'b');
        for (const std::size_t first : {1, 5, 2047, 2048, 2049, 10'000}) {
            const std::string ahead =
                post("Content-Length: " + std::to_string(body.size()) + "\r\n", body) + get("/later") + get();
            RawClient client(m_listener->port());
            client.send(get("/later"));
            std::this_thread::sleep_for(10ms);  // mostly the watch has begun; it must not matter
            client.send(ahead.substr(0, first));
            std::this_thread::sleep_for(10ms);
            client.send(ahead.substr(first));
            QCOMPARE(client.receive()->body, std::string("later"));
            QCOMPARE(client.receive()->body, body);
            QCOMPARE(client.receive()->body, std::string("later"));
            QCOMPARE(client.receive()->body, std::string("alive\n"));
        }
    }

    void bodiesAreAskedFor_data() {
        QTest::addColumn<QByteArray>("fields");
        QTest::newRow("plain") << QByteArray("Expect: 100-continue\r\n");
        QTest::newRow("capitals") << QByteArray("Expect: 100-CONTINUE\r\n");
        QTest::newRow("twice") << QByteArray("Expect: 100-continue\r\nExpect: x\r\n");
    }

    void bodiesAreAskedFor() {
        QFETCH(QByteArray, fields);
        RawClient client(m_listener->port());
        client.send(post("Content-Length: 2\r\n" + fields.toStdString()));
        QCOMPARE(client.receiveUntil("\r\n\r\n"), std::string(kContinue));
        client.send("{}");
        QCOMPARE(client.receive()->body, std::string("{}"));
    }

    void nothingIsAskedOverOldHttp() {
        RawClient client(m_listener->port());
        client.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n", "{}", "1.0"));
        QVERIFY(client.receiveUntil("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    }

    void clientsMayEndEarly_data() {
        QTest::addColumn<Conversation>("conversation");
        const auto row = [](const char* name, const std::string& bytes, std::vector<int> statuses) {
            Conversation conversation{{bytes}, std::move(statuses), true};
            conversation.endsFirst = true;
            QTest::newRow(name) << conversation;
        };
        row("after a request", get(), {200});
        row("after one that takes a while", get("/later"), {200});
        row("after several", get("/later") + get() + get("/later"), {200, 200, 200});
        row("before anything", "", {});
        row("within a head", "GET /livez HT", {});
        row("within a body", post("Content-Length: 100\r\n", "{}"), {});
        row("within chunks", post("Transfer-Encoding: chunked\r\n", "2\r\n{"), {});
    }

    void clientsMayEndEarly() {
        QFETCH(Conversation, conversation);
        const std::string wrong = disagreement(m_listener->port(), conversation);
        QVERIFY2(wrong.empty(), wrong.c_str());
    }

    void slowClientsAreLetGo_data() {
        QTest::addColumn<QByteArray>("beginning");
        QTest::addColumn<bool>("trickles");
        const QByteArray body = QByteArray::fromStdString(post("Content-Length: 100000\r\n"));
        QTest::newRow("nothing") << QByteArray() << false;
        QTest::newRow("half a head") << QByteArray("GET /livez HT") << false;
        QTest::newRow("half a body") << body + "{" << false;
        QTest::newRow("empty line") << QByteArray("\r\n") << false;
        QTest::newRow("a head, byte by byte") << QByteArray("GET /livez HTTP/1.1\r\nX: ") << true;
        QTest::newRow("a body, byte by byte") << body << true;
        QTest::newRow("chunks, byte by byte")
            << QByteArray::fromStdString(post("Transfer-Encoding: chunked\r\n", "fffff\r\n")) << true;
    }

    void slowClientsAreLetGo() {
        QFETCH(QByteArray, beginning);
        QFETCH(bool, trickles);
        ListenerOptions options;
        options.idleTimeout = options.headerTimeout = options.bodyTimeout = 150ms;
        const auto listener = Listener::start(over(chosenTransport(), options), router()).value();
        RawClient client(listener->port());
        client.send(beginning.toStdString());
        for (int i = 0; trickles && i < 10'000 && client.send("y"); ++i) {
            std::this_thread::sleep_for(5ms);
        }
        QVERIFY(client.isClosedByServer());
    }

    /// The reading that noticed whether the client stayed is left under way, and gets a limit then.
    void slowClientsAreLetGoAfterAnAnswer() {
        for (const std::string next : {"", "GET /livez HT"}) {
            ListenerOptions options;
            options.idleTimeout = options.headerTimeout = 150ms;
            const auto listener = Listener::start(over(chosenTransport(), options), router()).value();
            RawClient client(listener->port());
            client.send(get("/later"));
            QCOMPARE(client.receive()->body, std::string("later"));
            client.send(next);
            QVERIFY(client.isClosedByServer());
        }
    }

    void stopEndsAConnectionThatWaitedForAnAnswer() {
        const auto listener = Listener::start(over(chosenTransport()), router()).value();
        RawClient client(listener->port());
        client.send(get("/later"));
        QCOMPARE(client.receive()->body, std::string("later"));
        auto stopped = std::async(std::launch::async, [&] { listener->stop(60s); });
        QVERIFY(client.isClosedByServer());
        stopped.get();
    }
};

QTEST_GUILESS_MAIN(TestPipelines)
#include "test_pipelines.moc"
