// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "shared/protocol/key_info.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

/// Keys over HTTP.
class TestKeysApi : public QObject {
    Q_OBJECT

    static RawResponse create(ApiServer& server, const std::string& as, const std::string& body) {
        return server.post(body, as, "127.0.0.1", "/v1/keys");
    }

private Q_SLOTS:
    void anAdminMakesListsAndRevokes() {
        ApiServer server;
        const std::string root = server.makeKey("root", KeyScope::Admin);
        const auto made = create(server, root, R"({"name":"laptop"})");
        QCOMPARE(made.status, 201);
        QCOMPARE(made.header("cache-control"), std::string("no-store"));
        const auto key = protocol::parseKeyInfo(made.body).value();
        QCOMPARE(key.name, std::string("laptop"));
        QVERIFY(key.scope == KeyScope::Generate);
        QVERIFY(!key.lastUsedAt);
        const std::string laptop = ApiServer::bearer(key.secret.value());
        QCOMPARE(server.get("/v1/jobs", laptop).status, 200);

        const auto listed = server.get("/v1/keys", root);
        QCOMPARE(listed.status, 200);
        QVERIFY(listed.body.find("secret") == std::string::npos);
        QVERIFY(listed.body.find("sha256") == std::string::npos);
        const auto keys = protocol::parseKeyList(listed.body).value();
        QCOMPARE(keys.size(), std::size_t{2});
        QCOMPARE(keys.back().id, key.id);
        QVERIFY(keys.back().lastUsedAt);

        QCOMPARE(server.request("DELETE", "/v1/keys/" + key.id, root).status, 204);
        QCOMPARE(server.get("/v1/jobs", laptop).status, 401);
        QCOMPARE(server.request("DELETE", "/v1/keys/" + key.id, root).status, 404);
        QCOMPARE(server.request("DELETE", "/v1/keys/root", root).status, 404);  // by its id alone
        QCOMPARE(protocol::parseKeyList(server.get("/v1/keys", root).body)->size(), std::size_t{1});
    }

    void refusesWhatItCannotMake_data() {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::newRow("no name") << QByteArray(R"({})") << 422;
        QTest::newRow("empty name") << QByteArray(R"({"name":""})") << 422;
        QTest::newRow("taken name") << QByteArray(R"({"name":"root"})") << 422;
        QTest::newRow("unknown scope") << QByteArray(R"({"name":"a","scope":"root"})") << 422;
        QTest::newRow("no scope but a number") << QByteArray(R"({"name":"a","scope":1})") << 422;
        QTest::newRow("unknown field") << QByteArray(R"({"name":"a","secret":"mine"})") << 422;
        QTest::newRow("no rate") << QByteArray(R"({"name":"a","jobs_per_minute":0})") << 422;
        QTest::newRow("too high a rate") << QByteArray(R"({"name":"a","jobs_per_minute":10001})") << 422;
        QTest::newRow("no JSON") << QByteArray("name=a") << 400;
        QTest::newRow("no object") << QByteArray("[]") << 400;
    }

    void refusesWhatItCannotMake() {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        ApiServer server;
        const std::string root = server.makeKey("root", KeyScope::Admin);
        QCOMPARE(create(server, root, body.toStdString()).status, status);
        QCOMPARE(server.keys().living().size(), std::size_t{1});
    }

    void tellsEachKeyWhatItIs() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string root = server.makeKey("root", KeyScope::Admin);
        const auto self = protocol::parseKeyInfo(server.get("/v1/keys/self", anna).body).value();
        QCOMPARE(self.name, std::string("anna"));
        QVERIFY(self.scope == KeyScope::Generate);
        QVERIFY(!self.isSession);
        QVERIFY(!self.secret);
        QVERIFY(protocol::parseKeyInfo(server.get("/v1/keys/self", root).body)->scope == KeyScope::Admin);
    }

    void limitsWhatAKeyHandsInAMinute() {
        std::atomic<int> passed = 0;  // seconds
        const auto start = std::chrono::steady_clock::now();
        ApiServer server(std::make_unique<ManualGenerator>(), 100,
                         {.now = [&] { return start + std::chrono::seconds(passed); }});
        const std::string root = server.makeKey("root", KeyScope::Admin);
        const auto made =
            protocol::parseKeyInfo(create(server, root, R"({"name":"guest","jobs_per_minute":2})").body)
                .value();
        QCOMPARE(made.jobsPerMinute.value(), 2);
        const std::string guest = ApiServer::bearer(*made.secret);
        const auto draw = [&](const std::string& key) {
            return server.post(R"({"prompt":"fox"})", key).status;
        };
        QCOMPARE(draw(guest), 202);
        QCOMPARE(server.post(R"({"prompt":"fox","steps":0})", guest).status, 422);  // is no job
        QCOMPARE(draw(guest), 202);
        const auto refused = server.post(R"({"prompt":"fox"})", guest);
        QCOMPARE(refused.status, 429);
        QCOMPARE(problemIn(refused).code, std::string("rate_exceeded"));
        QCOMPARE(refused.header("retry-after"), std::string("30"));
        QCOMPARE(server.get("/?prompt=fox", guest).status, 429);
        QCOMPARE(draw(root), 202);
        QCOMPARE(server.get("/v1/jobs", guest).status, 200);
        passed = 29;
        QCOMPARE(draw(guest), 429);
        passed = 30;
        QCOMPARE(draw(guest), 202);
        QCOMPARE(draw(guest), 429);
        const auto self = protocol::parseKeyInfo(server.get("/v1/keys/self", guest).body).value();
        QCOMPARE(self.jobsPerMinute.value(), 2);
    }

    void theFirstKeyIsMadeOnTheMachineItself() {
        ApiServer server;
        const auto refused = create(server, "", R"({"name":"mine","scope":"admin"})");
        QCOMPARE(refused.status, 403);
        QVERIFY(problemIn(refused).detail.find("easel-server keys create") != std::string::npos);
        QVERIFY(!server.keys().hasLiving());
        QCOMPARE(server.get("/v1/keys").body, std::string("{\"keys\":[]}"));
        const auto self = protocol::parseKeyInfo(server.get("/v1/keys/self").body).value();
        QVERIFY(self.id.empty() && self.name.empty());
        QVERIFY(self.scope == KeyScope::Admin);
    }
};

QTEST_GUILESS_MAIN(TestKeysApi)
#include "test_keys_api.moc"
