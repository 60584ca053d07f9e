// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <atomic>
#include <string>

#include "server/http/target.h"
#include "shared/protocol/key_info.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

namespace {

const std::string kForm = "Content-Type: application/x-www-form-urlencoded\r\n";
const std::string kForAPerson = "Accept: text/html\r\n";

RawResponse logIn(ApiServer& server, const std::string& secret, const std::string& target = "/login",
                  const std::string& fields = kForAPerson) {
    return server.request("POST", target, kForm + fields, "key=" + http::percentEncode(secret));
}

/// As a browser sends back what it was given.
std::string cookieOf(const RawResponse& answer) {
    const std::string cookie = answer.header("set-cookie");
    return "Cookie: theme=dark; " + cookie.substr(0, cookie.find(';')) + "\r\n";
}

}  // namespace

/// A browser gets in with a key on the page, and a cookie that is not the key.
class TestLogin : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void logsInAndOut() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const auto page = server.get("/login", kForAPerson);
        QCOMPARE(page.status, 200);
        QVERIFY(page.body.find("name=\"key\"") != std::string::npos);
        QVERIFY(page.body.find("<!--problem-->") == std::string::npos);
        QVERIFY(page.body.find("role=\"alert\"") == std::string::npos);
        QVERIFY(page.header("content-security-policy").find("frame-ancestors 'none'") != std::string::npos);

        const auto answer = logIn(server, secret);
        QCOMPARE(answer.status, 303);
        QCOMPARE(answer.header("location"), std::string("/"));
        const QStringList cookie = QString::fromStdString(answer.header("set-cookie")).split("; ");
        QVERIFY(cookie.front().startsWith("easel-session="));
        QCOMPARE(cookie.mid(1), (QStringList{"Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"}));
        QVERIFY(!cookie.front().contains(QString::fromStdString(secret.substr(6))));

        const std::string session = cookieOf(answer);
        QCOMPARE(server.get("/", kForAPerson + session).status, 200);
        QCOMPARE(server.get("/page/start.js", session).status, 200);
        const auto self = protocol::parseKeyInfo(server.get("/v1/keys/self", session).body).value();
        QCOMPARE(self.name, std::string("anna"));
        QVERIFY(self.isSession);
        // What it draws is the key's.
        const std::string id = jobIn(server.post(R"({"prompt":"fox"})", session)).id;
        QCOMPARE(server.get("/v1/jobs/" + id, ApiServer::bearer(secret)).status, 200);

        const auto out = server.request("POST", "/logout", session);
        QCOMPARE(out.status, 303);
        QCOMPARE(out.header("location"), std::string("/login"));
        QVERIFY(out.header("set-cookie").starts_with("easel-session=; "));
        QVERIFY(out.header("set-cookie").find("Max-Age=0") != std::string::npos);
        QCOMPARE(server.get("/v1/jobs", session).status, 401);
        QCOMPARE(server.get("/v1/jobs", ApiServer::bearer(secret)).status, 200);
    }

    void goesOnWhereOneWantedToGo_data() {
        QTest::addColumn<QByteArray>("next");
        QTest::addColumn<QByteArray>("location");
        QTest::newRow("a prompt") << QByteArray("/?prompt=a%20fox") << QByteArray("/?prompt=a%20fox");
        QTest::newRow("another host") << QByteArray("https://evil.example/") << QByteArray("/");
        QTest::newRow("without scheme") << QByteArray("//evil.example/") << QByteArray("/");
        QTest::newRow("with a backslash") << QByteArray("/\\evil.example/") << QByteArray("/");
        QTest::newRow("with a tab") << QByteArray("/\t/evil.example/") << QByteArray("/");
        QTest::newRow("with a line end") << QByteArray("/\r\nSet-Cookie: a=b") << QByteArray("/");
        QTest::newRow("a script") << QByteArray("javascript:alert(1)") << QByteArray("/");
        QTest::newRow("nothing") << QByteArray() << QByteArray("/");
    }

    void goesOnWhereOneWantedToGo() {
        QFETCH(QByteArray, next);
        QFETCH(QByteArray, location);
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const auto answer = logIn(server, secret, "/login?next=" + http::percentEncode(next.toStdString()));
        if (answer.status == 400) {
            return;  // no such address at all
        }
        QCOMPARE(answer.status, 303);
        QCOMPARE(QByteArray::fromStdString(answer.header("location")), location);
    }

    void leadsBackToTheAddress() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const std::string target = "/?prompt=100%25%20caf%C3%A9%20%26%20%2B&steps=4";
        const auto refused = server.get(target, kForAPerson);
        QCOMPARE(refused.status, 303);
        QCOMPARE(logIn(server, secret, refused.header("location")).header("location"), target);
    }

    void takesAKeyWithWhatWasPastedAroundIt() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        QCOMPARE(logIn(server, "  " + secret + "\r\n").status, 303);
    }

    void refusesWhatIsNoKey() {
        ApiServer server;
        server.makeKey("anna");
        const std::string wrong = keys::newSecret();
        const auto page = logIn(server, wrong);
        QCOMPARE(page.status, 401);
        QVERIFY(page.header("set-cookie").empty());
        QVERIFY(page.header("content-type").starts_with("text/html"));
        QVERIFY(page.body.find("role=\"alert\"") != std::string::npos);
        QVERIFY(page.body.find("revoked") != std::string::npos);
        QVERIFY(page.body.find(wrong.substr(6)) == std::string::npos);
        const auto problem = logIn(server, wrong, "/login", {});
        QCOMPARE(problem.status, 401);
        QCOMPARE(problemIn(problem).code, std::string("key_needed"));
        QCOMPARE(logIn(server, "").status, 422);
        QCOMPARE(server.request("POST", "/login", "Content-Type: application/json\r\n", "{}").status, 415);
        QCOMPARE(server.request("POST", "/login", kForm, "other=1").status, 422);
    }

    void slowsDownGuessing() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        for (int i = 0; i < api::WrongKeys::kMost; ++i) {
            QCOMPARE(logIn(server, "guess").status, 401);
        }
        const auto limited = logIn(server, "guess");
        QCOMPARE(limited.status, 429);
        QVERIFY(!limited.header("retry-after").empty());
        QCOMPARE(logIn(server, secret).status, 303);
    }

    void endsWithItsKey() {
        ApiServer server;
        const std::string anna = server.keys().create("anna", KeyScope::Generate)->secret;
        const std::string ben = server.keys().create("ben", KeyScope::Generate)->secret;
        const std::string annas = cookieOf(logIn(server, anna));
        const std::string bens = cookieOf(logIn(server, ben));
        RawClient client(server.port());
        client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + annas + "\r\n");
        client.receiveUntil("\r\n\r\n");
        QVERIFY(server.keys().revoke("anna"));
        QVERIFY(endsAfterItsEvents(client));
        QCOMPARE(server.get("/v1/jobs", annas).status, 401);
        QCOMPARE(server.get("/v1/jobs", bens).status, 200);
    }

    void endsStreamsWhenLoggingOut() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const std::string here = cookieOf(logIn(server, secret));
        const std::string there = cookieOf(logIn(server, secret));
        QVERIFY(here != there);
        RawClient client(server.port());
        client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + here + "\r\n");
        client.receiveUntil("\r\n\r\n");
        server.request("POST", "/logout", here);
        QVERIFY(endsAfterItsEvents(client));
        QCOMPARE(server.get("/v1/jobs", there).status, 200);
    }

    void lastsThirtyDays() {
        std::atomic<int> passed = 0;  // hours
        const auto start = std::chrono::steady_clock::now();
        ApiServer server(std::make_unique<ManualGenerator>(), 10,
                         {.now = [&] { return start + std::chrono::hours(passed); }});
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const std::string session = cookieOf(logIn(server, secret));
        passed = 30 * 24 - 1;
        QCOMPARE(server.get("/v1/jobs", session).status, 200);
        passed = 30 * 24;
        QCOMPARE(server.get("/v1/jobs", session).status, 401);
        QCOMPARE(server.get("/", kForAPerson + session).status, 303);
    }

    void anOldCookieIsNoWrongKey() {
        ApiServer server;
        server.makeKey("anna");
        for (int i = 0; i < 2 * api::WrongKeys::kMost; ++i) {
            QCOMPARE(server.get("/v1/jobs", "Cookie: easel-session=old\r\n").status, 401);
        }
    }

    void aCookieCountsBesideAProxysOwnPassword() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Generate)->secret;
        const std::string session = cookieOf(logIn(server, secret));
        QCOMPARE(server.get("/v1/jobs", "Authorization: Basic cHJveHk6cHJveHk=\r\n" + session).status, 200);
    }

    void otherPagesCannotUseIt() {
        ApiServer server;
        const std::string secret = server.keys().create("anna", KeyScope::Admin)->secret;
        const std::string session = cookieOf(logIn(server, secret));
        const std::string from = "Origin: https://evil.example\r\n";
        QCOMPARE(server.request("POST", "/v1/queue/pause", session + from).status, 403);
        QCOMPARE(server.request("POST", "/logout", session + from).status, 403);
        QCOMPARE(logIn(server, secret, "/login", from).status, 403);
        QCOMPARE(server.get("/?prompt=fox", session + "Sec-Fetch-Site: cross-site\r\n").status, 403);
        QCOMPARE(server.get("/v1/jobs", session).status, 200);
    }

    void thereIsNothingToLogInToWithoutKeys() {
        ApiServer server;
        QCOMPARE(server.get("/login", kForAPerson).status, 303);
        QCOMPARE(server.get("/login", kForAPerson).header("location"), std::string("/"));
        QCOMPARE(logIn(server, keys::newSecret()).header("location"), std::string("/"));
    }
};

QTEST_GUILESS_MAIN(TestLogin)
#include "test_login.moc"
