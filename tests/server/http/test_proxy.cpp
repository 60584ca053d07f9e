// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>
#include <vector>

#include "server/http/listener.h"
#include "server/http/proxy.h"
#include "tests/server/http/raw_client.h"

using namespace easel::http;
using namespace easel::tests;

/// What a listener behind proxies believes, and under which address it is known.
class TestProxy : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void addressesAreTakenApart() {
        const auto url = parsePublicUrl("HTTPS://pictures.example.org:8443/easel/").value();
        QCOMPARE(url.scheme, std::string("https"));
        QCOMPARE(url.authority, std::string("pictures.example.org:8443"));
        QCOMPARE(url.path, std::string("/easel"));
        QCOMPARE(url.origin(), std::string("https://pictures.example.org:8443"));
        QCOMPARE(parsePublicUrl("http://[::1]").value().path, std::string());
        QCOMPARE(parsePublicUrl("http://localhost/a/b").value().path, std::string("/a/b"));
    }

    void addressesThatCannotBeAreRefused_data() {
        QTest::addColumn<std::string>("url");
        for (const char* const url :
             {"", "pictures.example.org", "ftp://host", "https://", "https:///easel", "https://a b/",
              "https://user@host/", "https://host/a?b=c", "https://host/a#b", "https://host/../a",
              "https://host/%41", "https://host:port/"}) {
            QTest::newRow(url) << std::string(url);
        }
    }

    void addressesThatCannotBeAreRefused() {
        QFETCH(std::string, url);
        QVERIFY(!parsePublicUrl(url));
    }

    void networksThatCannotBeAreRefused_data() {
        QTest::addColumn<std::string>("network");
        for (const char* const network : {"", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
                                          "10.0.0.0/8x", "::/129", "10.0.0", "10.0.0.0/8/8"}) {
            QTest::newRow(network) << std::string(network);
        }
    }

    void networksThatCannotBeAreRefused() {
        QFETCH(std::string, network);
        QVERIFY(!TrustedProxies::parse({network}));
    }

    void whoAsksIsTheLastThatNoProxyIs_data() {
        QTest::addColumn<std::string>("remote");
        QTest::addColumn<std::string>("chain");
        QTest::addColumn<std::string>("client");
        const auto row = [](const char* name, const char* remote, const char* chain, const char* client) {
            QTest::newRow(name) << std::string(remote) << std::string(chain) << std::string(client);
        };
        row("a stranger is not believed", "192.0.2.1", "198.51.100.7", "192.0.2.1");
        row("one proxy", "10.1.2.3", "198.51.100.7", "198.51.100.7");
        row("two proxies", "10.1.2.3", "198.51.100.7, 10.9.9.9", "198.51.100.7");
        row("what the client made up", "10.1.2.3", "203.0.113.5, 198.51.100.7", "198.51.100.7");
        row("a proxy asks for itself", "10.1.2.3", "", "10.1.2.3");
        row("all are proxies", "10.1.2.3", "10.0.0.1,10.0.0.2", "10.0.0.1");
        row("no address", "10.1.2.3", "198.51.100.7, unknown", "10.1.2.3");
        row("with ports", "10.1.2.3", "198.51.100.7:4711", "198.51.100.7");
        row("IPv6", "fd00::1", "2001:db8::7", "2001:db8::7");
        row("IPv6 with a port", "fd00::1", "[2001:db8::7]:4711", "2001:db8::7");
        row("IPv4 in IPv6", "::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7");
    }

    void whoAsksIsTheLastThatNoProxyIs() {
        QFETCH(std::string, remote);
        QFETCH(std::string, chain);
        QFETCH(std::string, client);
        const auto proxies = TrustedProxies::parse({"10.0.0.0/8", "fd00::/8"}).value();
        Headers headers;
        if (!chain.empty()) {
            headers.add("X-Forwarded-For", chain);
        }
        QCOMPARE(proxies.look(remote, headers).client, client);
    }

    void theNearestProxysWordCounts() {
        const auto proxies = TrustedProxies::parse({"127.0.0.1"}).value();
        Headers headers{{"X-Forwarded-Host", "made.up, example.org"}, {"X-Forwarded-Proto", "http"}};
        headers.add("X-Forwarded-Proto", "HTTPS");
        QCOMPARE(proxies.look("127.0.0.1", headers).host, std::string("example.org"));
        QVERIFY(proxies.look("127.0.0.1", headers).isSecure);
        QVERIFY(!proxies.look("127.0.0.2", headers).isSecure);
        QCOMPARE(proxies.look("127.0.0.2", headers).host, std::string());
    }

    /// The whole of it, on a listener that only answers to its public name and to local ones.
    void requestsComeFromThePublicAddress() {
        Router router;
        router.addSimple("GET", "/who", [](const Request& request) {
            return textResponse(200,
                                request.remote + " " + request.base + (request.isSecure ? " secure" : ""));
        });
        router.addSimple("POST", "/who", [](const Request&) { return textResponse(200, "changed"); });
        ListenerOptions options;
        options.publicUrl = parsePublicUrl("https://pictures.example.org/easel").value();
        options.trustedProxies = TrustedProxies::parse({"127.0.0.1"}).value();
        const auto listener = Listener::start(options, std::move(router)).value();
        const auto ask = [&](const char* method, const char* target, const std::string& fields,
                             const char* from = "127.0.0.1") {
            return fetch(listener->port(), method, target, fields, {}, from).value();
        };
        const std::string said =
            "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: pictures.example.org\r\n";
        QCOMPARE(ask("GET", "/easel/who", said).body, std::string("198.51.100.7 /easel secure"));
        QCOMPARE(ask("GET", "/who", said).body, std::string("198.51.100.7 /easel secure"));
        QCOMPARE(ask("GET", "/who", said, "127.0.0.2").body, std::string("127.0.0.2 /easel"));
        QCOMPARE(ask("GET", "/easelwho", said).status, 404);
        const auto bare = ask("GET", "/easel", said);
        QCOMPARE(bare.status, 308);
        QCOMPARE(bare.header("location"), std::string("/easel/"));
        QCOMPARE(ask("GET", "/who", "X-Forwarded-Host: rebound.example.net\r\n").status, 421);
        QCOMPARE(ask("POST", "/who", said + "Origin: https://pictures.example.org\r\n").status, 200);
        QCOMPARE(ask("POST", "/who", said + "Origin: https://evil.example.net\r\n").status, 403);
        QCOMPARE(ask("POST", "/who", said + "Origin: http://pictures.example.org\r\n").status, 403);
    }
};

QTEST_GUILESS_MAIN(TestProxy)
#include "test_proxy.moc"
