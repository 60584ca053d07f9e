// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <atomic>
#include <fstream>

#include "server/api/credentials.h"
#include "server/api/login_sessions.h"
#include "server/api/wrong_keys.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

namespace {

constexpr const char* kForAPerson = "Accept: text/html,*/*;q=0.8\r\n";

std::string base64(const std::string& text) {
    return QByteArray::fromStdString(text).toBase64().toStdString();
}

std::string basic(const std::string& user, const std::string& password) {
    return "Authorization: Basic " + base64(user + ":" + password) + "\r\n";
}

/// The routes of a server, with something in the place of each name.
std::vector<std::pair<std::string, std::string>> routesOf(ApiServer& server) {
    std::vector<std::pair<std::string, std::string>> routes;
    for (const auto& route : api::makeRouter(server.service()).routes()) {
        std::string path = route.pattern;
        for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
            path.replace(at, path.find('}') - at + 1, "1");
        }
        routes.emplace_back(route.method, path);
    }
    return routes;
}

}  // namespace

/// Who comes in and who does not, over HTTP.
class TestDoor : public QObject {
    Q_OBJECT

private:
    static bool lacksScope(const RawResponse& answer) {
        return answer.status == 403 && problemIn(answer).code == "scope_missing";
    }

private Q_SLOTS:
    void isOpenWhileThereIsNoKey() {
        ApiServer server;
        QCOMPARE(server.get("/v1/jobs").status, 200);
        QCOMPARE(server.get("/v1/jobs", "Authorization: Bearer whatever\r\n").status, 200);
        QCOMPARE(server.get("/", kForAPerson).status, 200);
        QCOMPARE(server.request("POST", "/v1/queue/pause").status, 200);
    }

    void isLockedForAllButAFewOnceThereIsAKey() {
        ApiServer server;
        const std::string key = server.makeKey("anna", KeyScope::Admin);
        const std::set<std::string> open{"/livez",   "/readyz",   "/login",
                                         "/v1/pair", "/page.css", "/favicon.svg"};
        int locked = 0;
        for (const auto& [method, path] : routesOf(server)) {
            const auto answer = server.request(method, path);
            if (open.contains(path)) {
                QVERIFY2(answer.status != 401, path.c_str());
                continue;
            }
            ++locked;
            QVERIFY2(answer.status == 401, (method + " " + path).c_str());
            QCOMPARE(answer.header("content-type"), std::string("application/problem+json"));
            QCOMPARE(answer.header("www-authenticate"), std::string("Bearer realm=\"Easel\""));
            QCOMPARE(problemIn(answer).code, std::string("key_needed"));
        }
        QVERIFY(locked > 20);
        // Nothing is told of what there is.
        QCOMPARE(server.get("/nowhere").status, 401);
        QCOMPARE(server.request("PUT", "/v1/jobs").status, 401);
        QCOMPARE(server.request("OPTIONS", "/v1/jobs").status, 401);
        QCOMPARE(server.get("/livezoo").status, 401);
        QCOMPARE(server.get("/nowhere", key).status, 404);
    }

    void isLockedFromTheBeginningWhenToldSo() {
        ApiServer server(std::make_unique<ManualGenerator>(), 10, {.isLocked = true});
        QCOMPARE(server.get("/v1/jobs").status, 401);
        QCOMPARE(server.get("/readyz").status, 200);
        QCOMPARE(server.get("/v1/jobs", server.makeKey("anna")).status, 200);
    }

    void staysLockedWhenTheLastKeyIsRevoked() {
        ApiServer server;
        const std::string key = server.makeKey("anna");
        QVERIFY(server.keys().revoke("anna"));
        QCOMPARE(server.get("/v1/jobs", key).status, 401);
        QCOMPARE(server.get("/v1/jobs").status, 401);
    }

    void seesWhatTheCommandLineDoes() {
        ApiServer server;
        QCOMPARE(server.get("/v1/jobs").status, 200);
        const auto other = keys::KeyStore::open(server.keyFile()).value();
        const std::string key = ApiServer::bearer(other->create("anna", KeyScope::Generate)->secret);
        QTRY_COMPARE(server.get("/v1/jobs").status, 401);
        QCOMPARE(server.get("/v1/jobs", key).status, 200);
        QVERIFY(other->revoke("anna"));
        QTRY_COMPARE(server.get("/v1/jobs", key).status, 401);
    }

    void takesAKeyInEachWay_data() {
        QTest::addColumn<QString>("form");
        QTest::addColumn<bool>("isTaken");
        QTest::newRow("bearer") << "Authorization: Bearer KEY" << true;
        QTest::newRow("bearer, in small letters") << "authorization: bearer KEY" << true;
        QTest::newRow("bearer, with spaces") << "Authorization: Bearer   KEY  " << true;
        QTest::newRow("basic") << "Authorization: Basic B64(anna:KEY)" << true;
        QTest::newRow("basic, without a user") << "Authorization: Basic B64(:KEY)" << true;
        QTest::newRow("basic, as the user") << "Authorization: Basic B64(KEY:)" << false;
        QTest::newRow("basic, without a colon") << "Authorization: Basic B64(KEY)" << false;
        QTest::newRow("basic, no base64") << "Authorization: Basic KEY" << false;
        QTest::newRow("another scheme") << "Authorization: Digest KEY" << false;
        QTest::newRow("no scheme") << "Authorization: KEY" << false;
        QTest::newRow("empty") << "Authorization: " << false;
        QTest::newRow("only a scheme") << "Authorization: Bearer" << false;
        QTest::newRow("twice") << "Authorization: Bearer KEY\r\nAuthorization: Bearer KEY" << false;
        QTest::newRow("another field") << "X-Api-Key: KEY" << false;
        QTest::newRow("a cookie") << "Cookie: easel-session=KEY" << false;
        QTest::newRow("more behind it") << "Authorization: Bearer KEYa" << false;
        QTest::newRow("in another case") << "Authorization: Bearer UPPER" << false;
    }

    void takesAKeyInEachWay() {
        QFETCH(QString, form);
        QFETCH(bool, isTaken);
        ApiServer server;
        const QString secret =
            QString::fromStdString(server.keys().create("anna", KeyScope::Generate)->secret);
        form.replace("KEY", secret).replace("UPPER", secret.toUpper());
        if (const auto at = form.indexOf("B64("); at >= 0) {
            const QString pair = form.mid(at + 4).chopped(1);
            form = form.left(at) + QString::fromStdString(base64(pair.toStdString()));
        }
        const auto answer = server.get("/v1/jobs", form.toStdString() + "\r\n");
        QCOMPARE(answer.status, isTaken ? 200 : 401);
        QVERIFY(answer.body.find(secret.toStdString()) == std::string::npos);
    }

    void refusesAKeyInTheAddress_data() {
        QTest::addColumn<QString>("target");
        QTest::newRow("query") << "/v1/jobs?key=KEY";
        QTest::newRow("query, a name") << "/v1/jobs?KEY";
        QTest::newRow("query, inside a text") << "/?prompt=a+fox+KEY+in+snow";
        QTest::newRow("path") << "/v1/jobs/KEY";
        QTest::newRow("escaped") << "/v1/jobs?token=%65asel_REST";
        QTest::newRow("of what everybody may see") << "/readyz?key=KEY";
        QTest::newRow("login") << "/login?key=KEY";
    }

    void refusesAKeyInTheAddress() {
        QFETCH(QString, target);
        for (const bool isLocked : {false, true}) {
            ApiServer server;
            std::string secret = keys::newSecret();
            if (isLocked) {
                secret = server.keys().create("anna", KeyScope::Admin)->secret;
            }
            QString address = target;
            address.replace("KEY", QString::fromStdString(secret));
            address.replace("REST", QString::fromStdString(secret.substr(6)));
            for (const std::string& fields : {std::string(), ApiServer::bearer(secret)}) {
                const auto answer = server.get(address.toStdString(), fields);
                QCOMPARE(answer.status, 400);
                QVERIFY(problemIn(answer).detail.find("must not stand in an address") != std::string::npos);
                QVERIFY(answer.body.find(secret.substr(6)) == std::string::npos);
            }
        }
    }

    void saysWhatIsWrong() {
        ApiServer server;
        server.makeKey("anna");
        QVERIFY(problemIn(server.get("/v1/jobs")).detail.find("keys create") != std::string::npos);
        const auto wrong = problemIn(server.get("/v1/jobs", ApiServer::bearer(keys::newSecret())));
        QVERIFY(wrong.detail.find("not known here, or was revoked") != std::string::npos);
    }

    void leadsAPersonToTheLogin_data() {
        QTest::addColumn<QString>("target");
        QTest::addColumn<QString>("location");
        QTest::newRow("the page") << "/"
                                  << "/login";
        QTest::newRow("an address with a prompt")
            << "/?prompt=a+red%20fox&steps=4"
            << "/login?next=%2F%3Fprompt%3Da%2520red%2520fox%26steps%3D4";
        QTest::newRow("another page") << "/v1/jobs/j_1/images/0"
                                      << "/login?next=%2Fv1%2Fjobs%2Fj_1%2Fimages%2F0";
    }

    void leadsAPersonToTheLogin() {
        QFETCH(QString, target);
        QFETCH(QString, location);
        ApiServer server;
        server.makeKey("anna");
        const auto answer = server.get(target.toStdString(), kForAPerson);
        QCOMPARE(answer.status, 303);
        QCOMPARE(QString::fromStdString(answer.header("location")), location);
        QVERIFY(answer.header("cache-control") == "no-store");
        // Whoever shows a key is no person at a form.
        const auto shown = server.get(target.toStdString(), kForAPerson + basic("anna", "wrong"));
        QCOMPARE(shown.status, 401);
        QCOMPARE(fetch(server.port(), "POST", "/v1/jobs", kForAPerson)->status, 401);
    }

    void needsTheScopeAdminForWhatConcernsOthers() {
        ApiServer server;
        const std::string plain = server.makeKey("anna");
        const std::string admin = server.makeKey("ben", KeyScope::Admin);
        const std::vector<std::pair<std::string, std::string>> others{{"POST", "/v1/queue/pause"},
                                                                      {"POST", "/v1/queue/resume"},
                                                                      {"POST", "/v1/models/tiny/load"},
                                                                      {"POST", "/v1/models/tiny/unload"},
                                                                      {"POST", "/v1/models/a/b/load"},
                                                                      {"POST", "/v1/models/a/b/unload"},
                                                                      {"POST", "/v1/devices/0/drain"},
                                                                      {"POST", "/v1/devices/0/resume"},
                                                                      {"POST", "/v1/pulls"},
                                                                      {"POST", "/v1/pulls/p_1/cancel"},
                                                                      {"DELETE", "/v1/models/other"},
                                                                      {"DELETE", "/v1/models/a/b"},
                                                                      {"GET", "/v1/hub"},
                                                                      {"GET", "/v1/hub/a/b"},
                                                                      {"POST", "/v1/models/a/verify"},
                                                                      {"POST", "/v1/models/a/b/verify"},
                                                                      {"GET", "/v1/log"},
                                                                      {"GET", "/metrics"},
                                                                      {"GET", "/v1/keys"},
                                                                      {"POST", "/v1/keys"},
                                                                      {"DELETE", "/v1/keys/k_1"}};
        for (const auto& [method, path] : others) {
            const auto refused = server.request(method, path, plain);
            QVERIFY2(refused.status == 403, (method + " " + path).c_str());
            QCOMPARE(problemIn(refused).code, std::string("scope_missing"));
            QVERIFY(problemIn(refused).detail.find("scope admin") != std::string::npos);
            QVERIFY(problemIn(refused).detail.find("\"anna\"") != std::string::npos);
            QVERIFY2(!lacksScope(server.request(method, path, admin)), (method + " " + path).c_str());
        }
        for (const auto& [method, path] : routesOf(server)) {
            if (path == "/v1/pulls/1/cancel" || (method == "DELETE" && path.starts_with("/v1/models/"))) {
                continue;  // as above
            }
            const bool isForAdmins = std::ranges::any_of(others, [&, m = method, p = path](const auto& each) {
                return m == each.first &&
                       (p == each.second || p.find("/1/load") != p.npos || p.find("/1/unload") != p.npos ||
                        p.find("/1/drain") != p.npos || p.find("/1/resume") != p.npos ||
                        p.find("/1/verify") != p.npos || p == "/v1/hub/1/1" || p == "/v1/keys/1");
            });
            if (!isForAdmins && path.find("/events") == std::string::npos) {
                QVERIFY2(!lacksScope(server.request(method, path, plain)), (method + " " + path).c_str());
            }
        }
    }

    void slowsDownWrongKeysButNoRightOne() {
        std::atomic<int> passed = 0;  // seconds
        const auto start = std::chrono::steady_clock::now();
        ApiServer server(std::make_unique<ManualGenerator>(), 10,
                         {.now = [&] { return start + std::chrono::seconds(passed); }});
        const std::string key = server.makeKey("anna");
        const std::string wrong = ApiServer::bearer(keys::newSecret());
        for (int i = 0; i < api::WrongKeys::kMost; ++i) {
            QCOMPARE(server.get("/v1/jobs", wrong).status, 401);
        }
        passed = 20;
        const auto limited = server.get("/v1/jobs", wrong);
        QCOMPARE(limited.status, 429);
        QCOMPARE(limited.header("retry-after"), std::string("40"));
        QCOMPARE(problemIn(limited).code, std::string("too_many_wrong_keys"));
        QCOMPARE(server.get("/v1/jobs", key).status, 200);
        QCOMPARE(server.get("/v1/jobs").status, 401);  // no key is no wrong key
        QCOMPARE(fetch(server.port(), "GET", "/v1/jobs", wrong, {}, "127.0.0.2")->status, 401);
        passed = 60;
        QCOMPARE(server.get("/v1/jobs", wrong).status, 401);
    }

    void countsWrongKeysInBoundedRoom() {
        api::WrongKeys wrong;
        const api::WrongKeys::Time start{};
        for (std::size_t i = 0; i < 2 * api::WrongKeys::kMostAddresses; ++i) {
            QVERIFY(!wrong.count("address " + std::to_string(i), start + std::chrono::milliseconds(i)));
        }
        QVERIFY(wrong.addresses() <= api::WrongKeys::kMostAddresses);
    }

    void sessionsEndAfterThirtyDays() {
        api::LoginSessions sessions;
        const api::LoginSessions::Time start{};
        const std::string id = sessions.begin("k_1", start);
        QCOMPARE(id.size(), std::size_t{43});
        QVERIFY(sessions.find(id, start + std::chrono::hours(30 * 24 - 1)));
        const auto leave = sessions.find(id, start)->leave;
        QVERIFY(!sessions.find(id + "A", start));
        QVERIFY(!sessions.find(id, start + std::chrono::hours(30 * 24)));
        QVERIFY(leave->isTakenBack());
        QVERIFY(!sessions.find(id, start));
    }

    void sessionsAreBounded() {
        api::LoginSessions sessions;
        const api::LoginSessions::Time start{};
        const std::string first = sessions.begin("k_1", start);
        for (std::size_t i = 1; i <= api::LoginSessions::kMost; ++i) {
            sessions.begin("k_1", start + std::chrono::seconds(i));
        }
        QVERIFY(!sessions.find(first, start));
    }

    void readsCookies() {
        http::Request request;
        request.headers.add("Cookie", "a=1; easel=x; b=\"2\";easel=y ;=; easel; ;c");
        request.headers.add("cookie", "easel=z");
        QVERIFY(api::cookies(request, "easel") == (std::vector<std::string>{"x", "y", "z"}));
        QVERIFY(api::cookies(request, "Easel").empty());
    }
};

QTEST_GUILESS_MAIN(TestDoor)
#include "test_door.moc"
