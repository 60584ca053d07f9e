// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

/// What is under way ends when the key is revoked.
class TestRevocation : public QObject {
    Q_OBJECT

    static void open(RawClient& client, const std::string& target, const std::string& fields) {
        client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    }

private Q_SLOTS:
    void streamsEnd_data() {
        QTest::addColumn<bool>("ofAll");
        QTest::addColumn<bool>("byAnother");
        QTest::newRow("of a job") << false << false;
        QTest::newRow("of all jobs") << true << false;
        QTest::newRow("of a job, revoked on the command line") << false << true;
        QTest::newRow("of all jobs, revoked on the command line") << true << true;
    }

    void streamsEnd() {
        QFETCH(bool, ofAll);
        QFETCH(bool, byAnother);
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const std::string id = jobIn(server.post(R"({"prompt":"fox"})", anna)).id;
        const std::string bens = jobIn(server.post(R"({"prompt":"fox"})", ben)).id;
        const auto target = [&](const std::string& job) {
            return ofAll ? "/v1/events" : "/v1/jobs/" + job + "/events";
        };
        RawClient annas(server.port());
        open(annas, target(id), anna);
        annas.receiveUntil("\r\n\r\n");
        RawClient other(server.port());
        open(other, target(bens), ben);
        other.receiveUntil("\r\n\r\n");
        QVERIFY(!nextJobEvent(annas).empty());
        QVERIFY(!nextJobEvent(other).empty());
        if (byAnother) {
            QVERIFY(keys::KeyStore::open(server.keyFile()).value()->revoke("anna"));
        } else {
            QVERIFY(server.keys().revoke("anna"));
        }
        QVERIFY(endsAfterItsEvents(annas));
        // Nobody else's.
        QCOMPARE(server.request("POST", "/v1/jobs/" + bens + "/cancel", ben).status, 200);
        QVERIFY(nextJobEvent(other).find(bens) != std::string::npos);
    }

    void whoWaitsIsRefusedAndTheirPictureIsNotDrawn() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        RawClient client(server.port());
        open(client, "/?prompt=fox", anna);
        const auto drawing = server.generator().take();
        QVERIFY(server.keys().revoke("anna"));
        const auto answer = client.receive();
        QVERIFY(answer);
        QCOMPARE(answer->status, 401);
        QVERIFY(client.isClosedByServer());
        QTRY_VERIFY(server.generator().wasCancelled(drawing->id));
    }

    void whoStillSendsIsRefused() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        RawClient client(server.port());
        const std::string body = R"({"prompt":"fox"})";
        client.send("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + anna +
                    "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
        QVERIFY(!client.receiveUntil("100 Continue\r\n\r\n").empty());
        QVERIFY(server.keys().revoke("anna"));
        client.send(body);
        const auto answer = client.receive();
        QVERIFY(answer);
        QCOMPARE(answer->status, 401);
        QVERIFY(server.queue().list(10).value().jobs.empty());
    }

    void theNextRequestOnTheSameConnectionIsRefused() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        RawClient client(server.port());
        open(client, "/v1/jobs", anna);
        QCOMPARE(client.receive()->status, 200);
        QVERIFY(server.keys().revoke("anna"));
        open(client, "/v1/jobs", ben);  // as through a proxy, whose connections many share
        QCOMPARE(client.receive()->status, 200);
        open(client, "/v1/jobs", anna);
        QCOMPARE(client.receive()->status, 401);
    }

    void streamsOfEverybodyEndWhenTheFirstKeyIsMade() {
        ApiServer server;
        RawClient client(server.port());
        open(client, "/v1/events", "");
        client.receiveUntil("\r\n\r\n");
        server.makeKey("anna");
        QVERIFY(endsAfterItsEvents(client));
        QCOMPARE(server.get("/v1/jobs").status, 401);
    }

    void anAdminWhoEndsTheirOwnKeyIsStillAnswered() {
        ApiServer server;
        const auto made = server.keys().create("root", KeyScope::Admin).value();
        const std::string root = ApiServer::bearer(made.secret);
        QCOMPARE(server.request("DELETE", "/v1/keys/" + made.key.id, root).status, 204);
        QCOMPARE(server.get("/v1/keys", root).status, 401);
    }
};

QTEST_GUILESS_MAIN(TestRevocation)
#include "test_revocation.moc"
