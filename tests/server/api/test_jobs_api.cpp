// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <atomic>
#include <vector>

#include "server/image/png.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;

class TestJobsApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void jobsAreAcceptedDrawnAndFetched() {
        ApiServer server;
        const auto accepted = server.post(R"({"prompt":"a red fox","seed":41,"count":2})");
        QCOMPARE(accepted.status, 202);
        const protocol::Job job = jobIn(accepted);
        QCOMPARE(accepted.header("location"), "/v1/jobs/" + job.id);
        QCOMPARE(accepted.header("content-type"), std::string("application/json"));
        QCOMPARE(job.settings.steps, 4);
        QCOMPARE(job.settings.sampler, std::string("ddim"));

        const auto drawing = server.generator().take();
        QVERIFY(drawing);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, job.id), std::string("running"), 30'000);
        ManualGenerator::deliver(*drawing, 0);
        ManualGenerator::deliver(*drawing, 1);
        ManualGenerator::finish(*drawing);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, job.id), std::string("succeeded"), 30'000);

        const auto image = server.get("/v1/jobs/" + job.id + "/images/1");
        QCOMPARE(image.status, 200);
        QCOMPARE(image.header("content-type"), std::string("image/png"));
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.body.data());
        const auto decoded = image::decodePng({bytes, image.body.size()});
        QVERIFY(decoded.has_value());
        QVERIFY(*decoded == generator::testPattern(64, 64, 42));
        const auto head = fetch(server.port(), "HEAD", "/v1/jobs/" + job.id + "/images/1");
        QCOMPARE(head->header("content-length"), std::to_string(image.body.size()));
        QCOMPARE(server.get("/v1/jobs/" + job.id + "/images/2").status, 404);
        QCOMPARE(server.get("/v1/jobs/" + job.id + "/images/-1").status, 404);
        QCOMPARE(server.get("/v1/jobs/" + job.id + "/images/x").status, 404);

        QCOMPARE(server.request("DELETE", "/v1/jobs/" + job.id).status, 204);
        QCOMPARE(server.get("/v1/jobs/" + job.id).status, 404);
        QCOMPARE(server.get("/v1/jobs/" + job.id + "/images/1").status, 404);
        QCOMPARE(server.request("DELETE", "/v1/jobs/" + job.id).status, 404);
    }

    void anEmptyPromptIsAPrompt() {
        ApiServer server(std::make_unique<generator::TestPattern>());
        for (const char* body :
             {R"({"prompt":""})", R"({"prompt":"","negative_prompt":"blurry"})", R"({"prompt":" \u3000"})"}) {
            const auto accepted = server.post(body);
            QCOMPARE(accepted.status, 202);
            const std::string id = jobIn(accepted).id;
            QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("succeeded"), 30'000);
        }
    }

    void imagesAreCached() {
        ApiServer server(std::make_unique<generator::TestPattern>());
        const std::string id = jobIn(server.post(R"({"prompt":"fox","seed":1})")).id;
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("succeeded"), 30'000);
        const std::string target = "/v1/jobs/" + id + "/images/0";
        const std::string tag = server.get(target).header("etag");
        QVERIFY(tag.starts_with('"') && tag.ends_with('"') && tag.size() > 2);
        for (const std::string& fields :
             {std::string(), "If-None-Match: " + tag + "\r\n", std::string("Range: bytes=0-0\r\n")}) {
            QVERIFY(server.get(target, fields).header("cache-control").find("immutable") !=
                    std::string::npos);
        }
        for (const char* refused : {"Range: bytes=99999999-\r\n", "If-Match: \"other\"\r\n"}) {
            QCOMPARE(server.get(target, refused).header("cache-control"), std::string("no-store"));
        }
    }

    void nullIsAsGoodAsAbsent() {
        ApiServer server;
        const auto job = jobIn(server.post(
            R"({"prompt":"fox","negative_prompt":null,"steps":null,"guidance":null,"sampler":null,"seed":null})"));
        QCOMPARE(job.settings.steps, 4);
        QCOMPARE(job.settings.sampler, std::string("ddim"));
    }

    void mistakesAreNamed_data() {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("field");
        const auto row = [](const char* body, int status, const char* field) {
            QTest::newRow(body) << QByteArray(body) << status << QByteArray(field);
        };
        row(R"({"prompt":"fox","width":65})", 422, "width");
        row(R"({"prompt":"fox","height":4096})", 422, "height");
        row(R"({"prompt":"fox","steps":0})", 422, "steps");
        row(R"({"prompt":"fox","guidance":31})", 422, "guidance");
        row(R"({"prompt":"fox","count":17})", 422, "count");
        row(R"({"prompt":"fox","seed":-2})", 422, "seed");
        row(R"({"prompt":"fox","sampler":"magic"})", 422, "sampler");
        row(R"({"prompt":"fox","schedule":"magic"})", 422, "schedule");
        row(R"({"prompt":"fox","model":"huge"})", 422, "model");
        row(R"({"prompt":"fox","stepz":3})", 422, "stepz");
        row(R"({"prompt":"fox","steps":"3"})", 422, "steps");
        row(R"({"prompt":"a\u0000b"})", 422, "prompt");
        row(R"({"prompt":"fox","negative_prompt":"a\u0000b"})", 422, "negative_prompt");
        row(R"({})", 422, "prompt");
        row(R"({"prompt":null})", 422, "prompt");
        row(R"({"prompt":"fox")", 400, "");
        row(R"([])", 400, "");
        row("", 400, "");
    }

    void mistakesAreNamed() {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        QFETCH(QByteArray, field);
        ApiServer server;
        const auto response = server.post(body.toStdString());
        QCOMPARE(response.status, status);
        QCOMPARE(response.header("content-type"), std::string("application/problem+json"));
        const auto problem = problemIn(response);
        QCOMPARE(problem.status, status);
        QCOMPARE(problem.field.value_or(""), field.toStdString());
        QVERIFY(!problem.detail.empty() && !problem.title.empty() && !problem.code.empty());
        QVERIFY(server.generator().isIdle());
    }

    void deepNestingIsRefused() {
        ApiServer server;
        for (const char* opening : {"[", "{\"prompt\":"}) {
            std::string deep;
            for (int i = 0; i < 10'000; ++i) {
                deep += opening;
            }
            QCOMPARE(server.post(deep).status / 100, 4);
        }
        QCOMPARE(server.get("/livez").status, 200);
    }

    void otherMediaTypesAreRefused() {
        ApiServer server;
        const auto send = [&](const std::string& type) {
            return fetch(server.port(), "POST", "/v1/jobs", type, R"({"prompt":"fox"})")->status;
        };
        QCOMPARE(send("Content-Type: text/plain\r\n"), 415);
        QCOMPARE(send("Content-Type: application/x-www-form-urlencoded\r\n"), 415);
        QCOMPARE(send(""), 415);
        QCOMPARE(send("Content-Type: Application/JSON ; charset=utf-8\r\n"), 202);
    }

    void theTransportsErrorsAreProblemsToo() {
        ApiServer server;
        const auto missing = server.get("/v1/nothing");
        QCOMPARE(missing.status, 404);
        QCOMPARE(problemIn(missing).code, std::string("not_found"));
        const auto wrong = server.request("PUT", "/v1/jobs");
        QCOMPARE(wrong.status, 405);
        QCOMPARE(problemIn(wrong).code, std::string("method_not_allowed"));
        QCOMPARE(wrong.header("allow"), std::string("GET, HEAD, POST, OPTIONS"));
        QCOMPARE(problemIn(server.get("/v1/jobs/../x")).status, 400);
        for (const char* path : {"/v1/jobs/j_none", "/v1/jobs/j_none/events", "/v1/jobs/j_none/images/0"}) {
            QCOMPARE(server.get(path).status, 404);
        }
        QCOMPARE(server.request("POST", "/v1/jobs/j_none/cancel").status, 404);
    }

    void sameKeySameJob() {
        ApiServer server;
        const std::string key = "Idempotency-Key: abc\r\n";
        const auto first = server.post(R"({"prompt":"fox","steps":3})", key);
        const auto again = server.post(R"({ "steps": 3, "prompt": "fox" })", key);
        QCOMPARE(again.status, 202);
        QCOMPARE(jobIn(again).id, jobIn(first).id);
        const auto other = server.post(R"({"prompt":"owl"})", key);
        QCOMPARE(other.status, 422);
        QCOMPARE(problemIn(other).code, std::string("idempotency_key_reused"));
        QVERIFY(jobIn(server.post(R"({"prompt":"fox","steps":3})")).id != jobIn(first).id);
        QCOMPARE(
            problemIn(server.post(R"({"prompt":"fox"})", key + "Idempotency-Key: b\r\n")).field.value_or(""),
            std::string("Idempotency-Key"));
        QCOMPARE(
            server.post(R"({"prompt":"fox"})", "Idempotency-Key: " + std::string(256, 'k') + "\r\n").status,
            422);
    }

    void jobsAreListedInPages() {
        ApiServer server;
        std::vector<std::string> ids;
        for (int i = 0; i < 5; ++i) {
            ids.insert(ids.begin(), jobIn(server.post(R"({"prompt":"fox"})")).id);
        }
        std::vector<std::string> seen;
        std::string before;
        do {
            const auto page = protocol::parseJobPage(server.get("/v1/jobs?limit=2" + before).body).value();
            for (const auto& job : page.jobs) {
                seen.push_back(job.id);
            }
            before = page.next ? "&before=" + *page.next : "";
        } while (!before.empty());
        QCOMPARE(seen, ids);
        for (const char* bad : {"?limit=0", "?limit=101", "?limit=two", "?limit="}) {
            const auto response = server.get(std::string("/v1/jobs") + bad);
            QCOMPARE(response.status, 422);
            QCOMPARE(problemIn(response).field.value_or(""), std::string("limit"));
        }
        QCOMPARE(problemIn(server.get("/v1/jobs?page=2")).field.value_or(""), std::string("page"));
        QCOMPARE(problemIn(server.get("/v1/jobs?limit=1&limit=2")).field.value_or(""), std::string("limit"));
    }

    void fullQueueSaysWhenToComeBack() {
        ApiServer server(1);
        QCOMPARE(server.post(R"({"prompt":"fox"})").status, 202);
        QVERIFY(server.generator().take());  // it runs, and takes no place
        QCOMPARE(server.post(R"({"prompt":"fox"})").status, 202);
        const auto refused = server.post(R"({"prompt":"fox"})");
        QCOMPARE(refused.status, 429);
        QCOMPARE(problemIn(refused).code, std::string("queue_full"));
        QVERIFY(std::stoi(refused.header("retry-after")) >= 1);
        QCOMPARE(server.get("/?prompt=fox").status, 429);
    }

    void anotherAddressHasItsTurnAndItsPlaces() {
        ApiServer server(100);
        std::string first;
        for (int i = 0; i < 2'000 && first.empty(); ++i) {
            const auto answer = server.post(R"({"prompt":"fox"})");
            if (answer.status == 429) {
                first = problemIn(answer).code;
                QVERIFY(std::stoi(answer.header("retry-after")) >= 1);
            }
        }
        QCOMPARE(first, std::string("queue_share_taken"));
        QCOMPARE(server.get("/?prompt=fox").status, 429);
        const auto page = server.get("/?prompt=fox", "Accept: text/html\r\n");
        QCOMPARE(page.status, 429);
        QVERIFY(page.body.find("places in the queue, and what is left is kept for others") !=
                std::string::npos);
        QVERIFY(!page.header("retry-after").empty());

        const auto other = server.post(R"({"prompt":"owl"})", "", "127.0.0.2");
        QCOMPARE(other.status, 202);
        QCOMPARE(jobIn(other).ahead, 1);
        const auto running = server.generator().take();
        ManualGenerator::deliver(*running);
        ManualGenerator::finish(*running);
        QCOMPARE(server.generator().take()->id, jobIn(other).id);
    }

    void theQueueIsPausedAndResumed() {
        ApiServer server;
        const auto state = [](const RawResponse& answer) {
            return protocol::parseQueueState(answer.body).value();
        };
        const auto paused = server.request("POST", "/v1/queue/pause");
        QCOMPARE(paused.status, 200);
        QVERIFY(state(paused).paused);
        server.post(R"({"prompt":"fox"})");
        QVERIFY(state(server.get("/v1/queue")) == (protocol::QueueState{true, 1, 0, 0}));
        const auto info = protocol::parseServerInfo(server.get("/v1/server").body).value();
        QVERIFY(info.paused);
        QCOMPARE(info.queued, 1);
        QVERIFY(server.generator().isIdle());
        QVERIFY(!state(server.request("POST", "/v1/queue/resume")).paused);
        QVERIFY(server.generator().take());
        QCOMPARE(server.request("DELETE", "/v1/queue").status, 405);
    }

    void waitingJobsAreMoved() {
        ApiServer server;
        server.request("POST", "/v1/queue/pause");
        const auto post = [&](const std::string& query) {
            return server.post(R"({"prompt":"fox"})", "", "127.0.0.1", "/v1/jobs" + query);
        };
        const std::string first = jobIn(post("")).id;
        const std::string second = jobIn(post("?priority=-2")).id;
        const auto move = [&](const std::string& id, const std::string& body) {
            return server.post(body, "", "127.0.0.1", "/v1/jobs/" + id + "/move");
        };
        QCOMPARE(jobIn(server.get("/v1/jobs/" + second)).priority, -2);
        QCOMPARE(jobIn(move(second, R"({"before":")" + first + R"("})")).ahead, 0);
        QCOMPARE(jobIn(server.get("/v1/jobs/" + first)).ahead, 1);
        QCOMPARE(jobIn(move(first, R"({"first":true})")).ahead, 0);
        QCOMPARE(jobIn(move(first, R"({"priority":-1})")).ahead, 1);
        const auto fieldOf = [](const RawResponse& refusal) {
            return refusal.status == 422 ? problemIn(refusal).field.value_or("") : "";
        };
        QCOMPARE(fieldOf(post("?priority=101")), std::string("priority"));
        QCOMPARE(fieldOf(post("?priority=high")), std::string("priority"));
        QCOMPARE(fieldOf(post("?urgent=1")), std::string("urgent"));
        QCOMPARE(fieldOf(move(first, R"({"before":"j_none"})")), std::string("before"));
        QCOMPARE(fieldOf(move(first, R"({"priority":101})")), std::string("priority"));
        QCOMPARE(fieldOf(move(first, R"({"last":true})")), std::string("last"));
        QCOMPARE(fieldOf(move(first, "{}")), std::string("first"));
        QCOMPARE(move("j_none", R"({"first":true})").status, 404);
        QCOMPARE(fetch(server.port(), "POST", "/v1/jobs/" + first + "/move", "", "{}")->status, 415);
        QCOMPARE(jobIn(server.request("POST", "/v1/jobs/" + first + "/release")).id, first);
        QCOMPARE(server.request("POST", "/v1/jobs/j_none/release").status, 404);
        server.request("POST", "/v1/jobs/" + first + "/cancel");
        QCOMPARE(move(first, R"({"first":true})").status, 409);
    }

    void estimatesMakeNoJob() {
        ApiServer server;
        const auto ask = [&](const char* json, const std::string& from = "127.0.0.1") {
            return server.post(json, "", from, "/v1/estimate");
        };
        const auto answer = ask(R"({"prompt":"fox","width":1024,"height":512,"count":2,"seed":7})");
        QCOMPARE(answer.status, 200);
        const auto estimate = protocol::parseEstimate(answer.body).value();
        QCOMPARE(estimate.settings.steps, 4);
        QCOMPARE(estimate.settings.seed, std::int64_t{7});
        QCOMPARE(estimate.work, 1024 * 512 * 4 * 2 / 1e6);
        QCOMPARE(estimate.ahead, 0);
        QVERIFY(!estimate.seconds && !estimate.problem);
        QVERIFY(answer.body.find("\"fits\":true") != std::string::npos);
        QCOMPARE(estimate.memory->least, std::int64_t{100});
        QCOMPARE(estimate.memory->fits(), std::optional(true));
        QVERIFY(server.generator().isIdle());
        QCOMPARE(server.queue().load().queue.queued, 0);

        server.post(R"({"prompt":"fox"})");
        server.post(R"({"prompt":"fox"})");
        QCOMPARE(protocol::parseEstimate(ask(R"({"prompt":"owl"})").body)->ahead, 2);
        QCOMPARE(protocol::parseEstimate(ask(R"({"prompt":"owl"})", "127.0.0.2").body)->ahead, 1);

        const auto huge = ask(R"({"prompt":"fox","width":2048,"height":2048,"steps":500,"count":16})");
        QCOMPARE(huge.status, 200);
        QVERIFY(huge.body.find("\"memory\":null") != std::string::npos);
        QCOMPARE(protocol::parseEstimate(huge.body)->problem->code, std::string("too_much_work"));
        QVERIFY(huge.body.find("\"fits\":false") != std::string::npos);
        QCOMPARE(problemIn(ask(R"({"prompt":"fox","width":65})")).field.value_or(""), std::string("width"));
        QCOMPARE(fetch(server.port(), "POST", "/v1/estimate", "", R"({"prompt":"fox"})")->status, 415);
    }

    void tooMuchWorkIsRefusedOnEveryWay() {
        ApiServer server;
        const auto info = protocol::parseServerInfo(server.get("/v1/server").body).value();
        QCOMPARE(info.limits.maxWork.value_or(0), 100.0);
        const auto refused = server.post(R"({"prompt":"fox","width":2048,"height":2048,"steps":500})");
        QCOMPARE(refused.status, 422);
        QCOMPARE(problemIn(refused).field.value_or(""), std::string("steps"));
        const std::string query = "/?prompt=fox&width=2048&height=2048&steps=500";
        QCOMPARE(problemIn(server.get(query)).code, std::string("too_much_work"));
        const auto page = server.get(query, "Accept: text/html\r\n");
        QCOMPARE(page.status, 422);
        QVERIFY(page.body.find("this server takes at most 100 in one request") != std::string::npos);
        QVERIFY(page.body.find("data-field=\"steps\"") != std::string::npos);
        QVERIFY(server.generator().isIdle());
    }

    void jobsAreCancelled() {
        ApiServer server;
        const std::string running = jobIn(server.post(R"({"prompt":"fox"})")).id;
        const auto drawing = server.generator().take();
        const std::string queued = jobIn(server.post(R"({"prompt":"fox"})")).id;
        const auto cancelled = server.request("POST", "/v1/jobs/" + queued + "/cancel");
        QCOMPARE(cancelled.status, 200);
        QVERIFY(jobIn(cancelled).state == protocol::JobState::Cancelled);
        QCOMPARE(server.request("POST", "/v1/jobs/" + queued + "/cancel").status, 200);

        QCOMPARE(server.request("POST", "/v1/jobs/" + running + "/cancel").status, 200);
        QTRY_VERIFY_WITH_TIMEOUT(server.generator().wasCancelled(running), 30'000);
        ManualGenerator::finish(*drawing, generator::cancelled());
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, running), std::string("cancelled"), 30'000);
    }

    void manyClientsAtOnce() {
        ApiServer server(std::make_unique<generator::TestPattern>(), 100);
        std::atomic<int> good = 0;
        {
            std::vector<std::jthread> clients;
            for (int i = 0; i < 8; ++i) {
                clients.emplace_back([&, i] {
                    for (int round = 0; round < 3; ++round) {
                        const std::string seed = std::to_string(100 * i + round);
                        const auto picture = server.get("/?prompt=fox&seed=" + seed);
                        good += picture.status == 200 && picture.header("x-easel-seed") == seed;
                    }
                });
            }
        }
        QCOMPARE(good.load(), 24);
    }
};

QTEST_GUILESS_MAIN(TestJobsApi)
#include "test_jobs_api.moc"
