// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

/// A key sees its own jobs, an admin all.
class TestOwnership : public QObject {
    Q_OBJECT

    static std::string draw(ApiServer& server, const std::string& key, const std::string& more = {}) {
        const auto answer = server.post(R"({"prompt":"fox"})", key + more);
        return answer.status == 202 ? jobIn(answer).id : "";
    }

    static std::vector<std::string> listed(ApiServer& server, const std::string& key,
                                           const std::string& query = {}) {
        const auto page = protocol::parseJobPage(server.get("/v1/jobs" + query, key).body).value();
        std::vector<std::string> ids;
        for (const protocol::Job& job : page.jobs) {
            ids.push_back(job.id);
        }
        return ids;
    }

private Q_SLOTS:
    void othersJobsAreNotThereOnAnyRoute() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const std::string admin = server.makeKey("root", KeyScope::Admin);
        const std::string running = draw(server, anna);
        const auto drawing = server.generator().take();
        ManualGenerator::deliver(*drawing);
        const std::string waiting = draw(server, anna);
        int routes = 0;
        for (const auto& route : api::makeRouter(server.service()).routes()) {
            const auto at = route.pattern.find("/v1/jobs/{id}");
            if (at == std::string::npos) {
                continue;
            }
            for (const std::string& id : {running, waiting}) {
                std::string path =
                    "/v1/jobs/" + id + route.pattern.substr(std::string("/v1/jobs/{id}").size());
                if (path.ends_with("{n}")) {
                    path.replace(path.size() - 3, 3, "0");
                }
                const std::string body = path.ends_with("/move") ? R"({"first":true})" : "";
                const auto ask = [&](const std::string& which, const std::string& key) {
                    std::string target = path;
                    target.replace(target.find(id), id.size(), which);
                    auto answer = server.request(route.method, target,
                                                 key + "Content-Type: application/json\r\n", body);
                    for (auto place = answer.body.find(which); place != std::string::npos;
                         place = answer.body.find(which)) {
                        answer.body.replace(place, which.size(), "ID");
                    }
                    return answer;
                };
                // Told apart from a job that never was by nothing at all.
                const auto others = ask(id, ben);
                const auto nobodys = ask("j_0000000000000000", ben);
                QVERIFY2(others.status == 404, (route.method + " " + path).c_str());
                QCOMPARE(others.body, nobodys.body);
                ++routes;
            }
        }
        QVERIFY(routes >= 2 * 7);
        // And nothing has happened to them.
        QVERIFY(jobIn(server.get("/v1/jobs/" + running, anna)).state == protocol::JobState::Running);
        QVERIFY(jobIn(server.get("/v1/jobs/" + waiting, anna)).state == protocol::JobState::Queued);
        QVERIFY(jobIn(server.get("/v1/jobs/" + waiting, admin)).state == protocol::JobState::Queued);
        QTRY_COMPARE(server.get("/v1/jobs/" + running + "/images/0", anna).status, 200);
        QCOMPARE(server.get("/v1/jobs/" + running + "/images/0", admin).status, 200);
        QCOMPARE(server.request("POST", "/v1/jobs/" + waiting + "/cancel", admin).status, 200);
        QCOMPARE(server.request("DELETE", "/v1/jobs/" + waiting, admin).status, 204);
        ManualGenerator::finish(*drawing);
        QTRY_VERIFY(jobIn(server.get("/v1/jobs/" + running, anna)).state == protocol::JobState::Succeeded);
        // Nor when they have ended and are in the store alone.
        QCOMPARE(server.get("/v1/jobs/" + running, ben).status, 404);
        QCOMPARE(server.get("/v1/jobs/" + running + "/images/0", ben).status, 404);
        QCOMPARE(server.request("DELETE", "/v1/jobs/" + running, ben).status, 404);
        QCOMPARE(server.request("DELETE", "/v1/jobs/" + running, anna).status, 204);
    }

    void listsOwnJobsInPages() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        std::vector<std::string> own;
        for (int i = 0; i < 3; ++i) {
            draw(server, ben);
            own.insert(own.begin(), draw(server, anna));
        }
        QVERIFY(listed(server, anna) == own);
        const auto page = protocol::parseJobPage(server.get("/v1/jobs?limit=2", anna).body).value();
        QCOMPARE(page.jobs.size(), std::size_t{2});
        QVERIFY(listed(server, anna, "?before=" + *page.next) == std::vector{own.back()});
        QCOMPARE(listed(server, server.makeKey("root", KeyScope::Admin)).size(), std::size_t{6});
        QVERIFY(listed(server, server.makeKey("new")).empty());
    }

    void jobsFromBeforeThereWereKeysAreTheAdmins() {
        ApiServer server;
        const std::string old = draw(server, "");
        const std::string anna = server.makeKey("anna");
        QCOMPARE(server.get("/v1/jobs/" + old, anna).status, 404);
        QVERIFY(listed(server, anna).empty());
        QVERIFY(listed(server, server.makeKey("root", KeyScope::Admin)) == std::vector{old});
    }

    void aKeysJobsAreItsOwnFromAnywhere() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const auto answer = server.post(R"({"prompt":"fox"})", anna, "127.0.0.2");
        QCOMPARE(server.get("/v1/jobs/" + jobIn(answer).id, anna).status, 200);
    }

    void idempotencyKeysAreEachKeysOwn() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const std::string named = "Idempotency-Key: 1\r\n";
        const std::string first = draw(server, anna, named);
        QCOMPARE(draw(server, anna, named), first);
        const std::string other = draw(server, ben, named);
        QVERIFY(!other.empty() && other != first);
        QCOMPARE(draw(server, ben, named), other);
        QCOMPARE(server.post(R"({"prompt":"owl"})", ben + named).status, 422);
    }

    void followsOwnJobsAlone() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        draw(server, ben);
        RawClient client(server.port());
        client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + anna + "\r\n");
        client.receiveUntil("\r\n\r\n");
        draw(server, ben);
        const std::string own = draw(server, anna);
        const std::string event = nextJobEvent(client);
        QVERIFY2(event.find(own) != std::string::npos, event.c_str());
    }

    void anAdminFollowsEverybodysJobs() {
        ApiServer server;
        const std::string ben = server.makeKey("ben");
        RawClient client(server.port());
        client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" +
                    server.makeKey("root", KeyScope::Admin) + "\r\n");
        client.receiveUntil("\r\n\r\n");
        const std::string job = draw(server, ben);
        const std::string event = nextJobEvent(client);
        QVERIFY2(event.find(job) != std::string::npos, event.c_str());
    }

    void takesTurnsByKey() {
        ApiServer server(4);
        const std::string anna = server.makeKey("anna");
        const std::string ben = server.makeKey("ben");
        const std::string shown = "/v1/estimate";
        // What one key has taken of the queue is not there for itself, but what is kept for others is for
        // them.
        QString codes;
        for (int i = 0; i < 8; ++i) {
            const auto answer = server.post(R"({"prompt":"fox"})", anna);
            if (answer.status != 202) {
                codes = QString::fromStdString(problemIn(answer).code);
                break;
            }
        }
        QCOMPARE(codes, QString("queue_share_taken"));
        QVERIFY(!draw(server, ben).empty());
        const auto estimate =
            protocol::parseEstimate(server.post(R"({"prompt":"fox"})", ben, "127.0.0.1", shown).body);
        QVERIFY(estimate);
        QVERIFY(estimate->ahead < 4);
    }

    void aPictureByItsAddressBelongsToTheKey() {
        ApiServer server;
        const std::string anna = server.makeKey("anna");
        RawClient client(server.port());
        client.send("GET /?prompt=fox HTTP/1.1\r\nHost: localhost\r\n" + anna + "\r\n");
        const auto drawing = server.generator().take();
        ManualGenerator::deliver(*drawing);
        ManualGenerator::finish(*drawing);
        const auto picture = client.receive();
        QVERIFY(picture);
        QCOMPARE(picture->status, 200);
        const std::string id = picture->header("x-easel-job");
        QCOMPARE(server.get("/v1/jobs/" + id, anna).status, 200);
        QCOMPARE(server.get("/v1/jobs/" + id, server.makeKey("ben")).status, 404);
    }
};

QTEST_GUILESS_MAIN(TestOwnership)
#include "test_ownership.moc"
