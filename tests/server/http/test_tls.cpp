// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <openssl/ssl.h>

#include <filesystem>
#include <mutex>
#include <vector>

#include "tests/server/http/listener_test.h"

using namespace easel::http;
using namespace easel::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto kPlain = Transport::Plain;
const std::string kLoopback = "127.0.0.1";
const std::string kHello = "GET /hello HTTP/1.1\r\n" + kHost + "\r\n";

}  // namespace

/// What is different under TLS: how a connection begins, how it ends, and as whom the server speaks.
class TestTls : public ListenerTest {
    Q_OBJECT

    static ListenerOptions encrypted(ListenerOptions options = {}) {
        return over(Transport::Tls, std::move(options));
    }
    static std::unique_ptr<RawClient> connect(const Listener& listener) {
        return std::make_unique<RawClient>(listener.port(), ClientEnd::Options{});
    }
    static bool isServed(RawClient& client) {
        client.send(kHello);
        const auto answer = client.receive();
        return answer && answer->status == 200;
    }
    static bool isServed(const Listener& listener) { return isServed(*connect(listener)); }

    easel::tls::Files makePair(const QString& name) {
        return easel::tls::ownCertificate(m_folder.filePath(name).toStdString(), {"localhost"}).value();
    }

private Q_SLOTS:
    void initTestCase() { beginAll(); }
    void init() { begin(); }
    void cleanup() { end(); }

    void handlersKnowOfIt() {
        for (const Transport transport : {Transport::Plain, Transport::Tls}) {
            Router router;
            router.addSimple("GET", "/", [](const Request& request) {
                return textResponse(200, request.isSecure ? "https" : "http");
            });
            const auto listener = Listener::start(over(transport), std::move(router)).value();
            RawClient client(listener->port(), kLoopback, transport);
            client.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
            QCOMPARE(client.receive()->body, scheme(transport));
        }
    }

    void plainRequestsAreToldWhatIsSpoken() {
        const auto listener = start(encrypted());
        for (const char* request : {"GET /hello HTTP/1.1\r\n\r\n", "DELETE / HTTP/1.1\r\n\r\n", "p"}) {
            RawClient client(listener->port(), kLoopback, kPlain);
            client.send(request);
            const auto answer = client.receive();
            QVERIFY(answer);
            QCOMPARE(answer->status, 400);
            QVERIFY2(answer->body.find("https://") != std::string::npos, answer->body.c_str());
            QVERIFY(client.isClosedByServer());
        }
        for (const char* junk :
             {"\x80\x2e\x01", "\r\n\r\n", "\x16\x03\x01\xff\xff____", "\x15\x03\x01\x00\x02\x02\x28"}) {
            RawClient client(listener->port(), kLoopback, kPlain);
            client.send(junk);
            client.endSending();
            QCOMPARE(client.receiveUntil("HTTP/"), std::string());
        }
        QVERIFY(isServed(*listener));
    }

    void plainPortsDoNotMindTls() {
        const auto listener = start();
        RawClient client(listener->port(), ClientEnd::Options{});
        QVERIFY(!client.tlsEnd()->isReady());
        RawClient plain(listener->port(), kLoopback, kPlain);
        QVERIFY(isServed(plain));
    }

    void oldVersionsAreRefusedAndToldOf() {
        std::mutex mutex;
        std::vector<Access> accesses;
        ListenerOptions options = encrypted();
        options.onAccess = [&](const Access& access) {
            const std::lock_guard lock(mutex);
            accesses.push_back(access);
        };
        const auto listener = start(options);
        RawClient client(listener->port(), ClientEnd::Options{.oldest = TLS1_1_VERSION,
                                                              .newest = TLS1_1_VERSION,
                                                              .ciphers = "ALL@SECLEVEL=0"});
        QVERIFY(!client.tlsEnd()->isReady());
        QVERIFY2(client.tlsEnd()->failure().find("protocol version") != std::string::npos,
                 client.tlsEnd()->failure().c_str());
        QVERIFY(client.isClosedByServer());
        QTRY_COMPARE_WITH_TIMEOUT((std::lock_guard(mutex), accesses.size()), 1UL, 30'000);
        QCOMPARE(accesses.front().status, 0);
        QCOMPARE(accesses.front().method, std::string());
        QCOMPARE(accesses.front().failure, std::string("unsupported protocol"));
    }

    void bothVersionsAreServed() {
        const auto listener = start(encrypted());
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            RawClient client(listener->port(), ClientEnd::Options{.oldest = version, .newest = version});
            QVERIFY(isServed(client));
            QCOMPARE(client.tlsEnd()->version(), version);
            client.send("GET /file HTTP/1.1\r\n" + kHost + "\r\n");
            QCOMPARE(client.receive()->body.size(), std::size_t{200'003});
        }
    }

    /// At whatever byte it ends, and however.
    void cutHandshakesDoNoHarm() {
        const auto listener = start(encrypted());
        ClientEnd end;
        end.shakeHands();
        const std::string hello = end.takeOutput();
        for (std::size_t size = 0; size <= hello.size(); size += size < 16 ? 1 : 37) {
            RawClient client(listener->port(), kLoopback, kPlain);
            client.sendRaw(std::string_view(hello).substr(0, size));
            switch (size % 3) {
                case 0:
                    client.reset();
                    break;
                case 1:
                    client.endSending();
                    break;
                default:
                    client.close();
            }
        }
        QVERIFY(isServed(*listener));
    }

    void slowHandshakesAreLetGo() {
        ListenerOptions options = encrypted();
        options.headerTimeout = 100ms;
        const auto listener = start(options);
        ClientEnd end;
        end.shakeHands();
        const std::string hello = end.takeOutput();
        for (const std::size_t size : {std::size_t{0}, std::size_t{10}, hello.size()}) {
            RawClient client(listener->port(), kLoopback, kPlain);
            client.sendRaw(std::string_view(hello).substr(0, size));
            client.receiveUntil("what never comes");
            QVERIFY(!client.send("x"));
        }
    }

    /// A connection without a handshake is as good as idle.
    void silentConnectionsKeepNobodyOut() {
        ListenerOptions options = encrypted();
        options.maxConnections = 8;
        const auto listener = start(options);
        std::vector<std::unique_ptr<RawClient>> silent;
        for (int i = 0; i < 100; ++i) {
            silent.push_back(std::make_unique<RawClient>(listener->port(), kLoopback, kPlain));
            if (i % 2 == 0) {
                silent.back()->sendRaw("\x16\x03\x01");
            }
        }
        for (int i = 0; i < 10; ++i) {
            QVERIFY(isServed(*listener));
        }
    }

    void stopDoesNotWaitForHandshakes() {
        ListenerOptions options = encrypted();
        options.headerTimeout = 1h;
        const auto listener = start(options);
        RawClient silent(listener->port(), kLoopback, kPlain);
        QVERIFY(isServed(*listener));
        listener->stop(1h);
        QVERIFY(silent.isClosedByServer());
    }

    void endsAreSaid() {
        const auto listener = start(encrypted());
        const auto last = connect(*listener);
        last->send("GET /hello HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
        QCOMPARE(last->receive()->status, 200);
        QVERIFY(last->isClosedByServer());
        QVERIFY(last->tlsEnd()->hasEnded());

        const auto follower = connect(*listener);
        follower->send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        QVERIFY(!follower->receiveUntil("retry: 2000\n\n").empty());
        EventStream events = stream();
        QVERIFY(events.send("state", "last"));
        events.close();
        QVERIFY(!follower->receiveUntil("data: last\n\n").empty());
        QVERIFY(follower->isClosedByServer());
        QVERIFY(follower->tlsEnd()->hasEnded());
    }

    /// With TLS' own end alone, and with TCP's alone, a client may still wait for its answer.
    void clientsThatOnlyReadAreAnswered() {
        const auto listener = start(encrypted());
        for (const bool isTold : {true, false}) {
            const auto client = connect(*listener);
            client->send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
            const Responder responder = kept();
            if (isTold) {
                client->tlsEnd()->endSending();
                client->sendRaw(client->tlsEnd()->takeOutput());
            } else {
                client->endSendingRaw();
            }
            QCOMPARE(client->receiveUntil("H"), std::string("H"));
            responder.send(textResponse(200, "at last"));
            QVERIFY(client->receiveUntil("\r\n\r\nat last").starts_with("TTP/1.1 200 OK\r\n"));
            QCOMPARE(m_gone.load(), 0);
        }
    }

    void damageEndsIt() {
        const auto listener = start(encrypted());
        const auto client = connect(*listener);
        client->send("GET /later HTTP/1.1\r\n" + kHost + "\r\n");
        const Responder responder = kept();
        client->sendRaw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
        QTRY_COMPARE_WITH_TIMEOUT(m_gone.load(), 1, 30'000);
    }

    void keysMayBeRenewedMeanwhile() {
        const auto listener = start(encrypted());
        const auto client = connect(*listener);
        client->send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
        QVERIFY(!client->receiveUntil("retry: 2000\n\n").empty());
        EventStream events = stream();
        for (int i = 0; i < 200; ++i) {
            client->tlsEnd()->updateKeys();
            client->sendRaw(client->tlsEnd()->takeOutput());
            QVERIFY(events.send("tick", std::to_string(i)));
        }
        QVERIFY(!client->receiveUntil("data: 199\n\n").empty());
    }

    void changedFilesAreUsedFromThenOn() {
        const auto files = makePair("first");
        const auto other = makePair("second");
        const auto fingerprint = easel::tls::readCertificate(other.certificate).value().fingerprint;
        std::atomic<int> good = 0;
        std::atomic<int> bad = 0;
        ListenerOptions options;
        options.certificate = files;
        options.certificateLooks = 5ms;
        options.onCertificate = [&](const auto& certificate) { ++(certificate ? good : bad); };
        const auto listener = start(options);
        QCOMPARE(good.load(), 1);
        const auto before = connect(*listener);

        std::filesystem::rename(other.key, files.key);
        QTRY_COMPARE_WITH_TIMEOUT(bad.load(), 1, 30'000);
        QVERIFY(connect(*listener)->tlsEnd()->fingerprint() == before->tlsEnd()->fingerprint());
        std::filesystem::rename(other.certificate, files.certificate);
        QTRY_COMPARE_WITH_TIMEOUT(good.load(), 2, 30'000);
        const auto after = connect(*listener);
        QVERIFY(after->tlsEnd()->fingerprint() == fingerprint);
        QVERIFY(before->tlsEnd()->fingerprint() != fingerprint);
        QVERIFY(isServed(*before));
        QVERIFY(isServed(*after));
        QCOMPARE(bad.load(), 1);
    }

    void whatDoesNotFitKeepsItFromStarting() {
        ListenerOptions options;
        options.certificate = {makePair("one").certificate, makePair("another").key};
        const auto listener = Listener::start(options, makeRouter());
        QVERIFY(!listener);
        QVERIFY(listener.error().find("does not belong") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestTls)
#include "test_tls.moc"
