// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/hub/pulls.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;

namespace {

/// The real list of pulls; what pulls waits until it is cancelled.
struct Pulling {
    hub::Pulls pulls{[](const auto&, const auto&, const std::stop_token& stop) -> protocol::Expected<void> {
                         while (!stop.stop_requested()) {
                             std::this_thread::sleep_for(std::chrono::milliseconds(1));
                         }
                         return tl::unexpected(protocol::conflict("stopped"));
                     },
                     [](const auto&) {}};
    ApiServer server;

    Pulling() {
        server.setPulls({.start = [this](const auto& request) { return pulls.start(request); },
                         .list = [this] { return pulls.list(); },
                         .find = [this](const auto& id) { return pulls.find(id); },
                         .cancel = [this](const auto& id) { return pulls.cancel(id); }});
    }

    RawResponse post(const std::string& json) { return server.post(json, {}, "127.0.0.1", "/v1/pulls"); }
};

}  // namespace

class TestPullsApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aPullIsStartedFoundAndCancelled() {
        Pulling pulling;
        const auto started = pulling.post(R"({"model": "test/tiny", "variant": "fp16"})");
        QCOMPARE(started.status, 202);
        const auto pull = protocol::parsePull(started.body).value();
        QCOMPARE(pull.request.model, std::string("test/tiny"));
        QCOMPARE(pull.request.revision, std::string("main"));
        QCOMPARE(pull.request.variant, std::string("fp16"));
        QCOMPARE(started.header("location"), "/v1/pulls/" + pull.id);
        QCOMPARE(protocol::parsePull(pulling.server.get("/v1/pulls/" + pull.id).body)->id, pull.id);
        QCOMPARE(protocol::parsePulls(pulling.server.get("/v1/pulls").body)->size(), std::size_t{1});
        QCOMPARE(pulling.server.request("POST", "/v1/pulls/" + pull.id + "/cancel").status, 200);
        QTRY_COMPARE_WITH_TIMEOUT(
            int(protocol::parsePull(pulling.server.get("/v1/pulls/" + pull.id).body)->state),
            int(protocol::PullState::Cancelled), 30'000);
        QCOMPARE(pulling.server.get("/v1/pulls/p_0").status, 404);
        QCOMPARE(pulling.server.request("POST", "/v1/pulls/p_0/cancel").status, 404);
    }

    void onlyNamesArePulled() {
        Pulling pulling;
        for (const char* const json :
             {R"({"model": "https://huggingface.co/a/b"})", R"({"model": "tiny"})",
              R"({"model": "../../etc"})", R"({})", R"({"model": "a/b", "revision": "../x"})",
              R"({"model": "a/b", "variant": "a/b"})", R"({"model": "a/b", "url": "https://x"})",
              R"({"model": 7})"}) {
            QCOMPARE(pulling.post(json).status, 422);
        }
        QCOMPARE(pulling.post("[").status, 400);
        QCOMPARE(protocol::parsePulls(pulling.server.get("/v1/pulls").body)->size(), std::size_t{0});
    }

    void whereItIsSwitchedOffItIsSaid() {
        ApiServer server;
        const auto refused = server.post(R"({"model": "test/tiny"})", {}, "127.0.0.1", "/v1/pulls");
        QCOMPARE(refused.status, 403);
        QVERIFY(problemIn(refused).detail.find("--no-pull") != std::string::npos);
        QCOMPARE(server.get("/v1/pulls").body, std::string(R"({"pulls":[]})"));
        QCOMPARE(server.get("/v1/pulls/p_1").status, 404);
    }

    void modelsAreRemoved() {
        ApiServer server;
        QCOMPARE(server.request("DELETE", "/v1/models/hub/other").status, 204);
        QCOMPARE(server.get("/v1/models/hub/other").status, 404);
        QCOMPARE(server.request("DELETE", "/v1/models/hub/other").status, 404);
    }

    void aJobMayWaitForItsModel() {
        ApiServer server;
        const std::string json = R"({"prompt": "fox", "model": "test/absent", "steps": 3})";
        const auto refused = server.post(json);
        QCOMPARE(refused.status, 422);
        QCOMPARE(problemIn(refused).field.value_or(""), std::string("model"));
        const std::string why = problemIn(refused).detail;
        QVERIFY2(why.find("Pull it: easel-server pull test/absent. POST /v1/jobs?missing=hold") !=
                     std::string::npos,
                 why.c_str());
        const auto held = server.post(json, {}, "127.0.0.1", "/v1/jobs?missing=hold&priority=3");
        QCOMPARE(held.status, 202);
        QCOMPARE(jobIn(held).settings.model, std::string("test/absent"));
        QCOMPARE(jobIn(held).settings.steps, 3);
        QCOMPARE(jobIn(held).settings.width, 512);
        QCOMPARE(jobIn(held).priority, 3);
        // What is no name of the hub's cannot come.
        const auto typed =
            server.post(R"({"prompt": "fox", "model": "tyni"})", {}, "127.0.0.1", "/v1/jobs?missing=hold");
        QCOMPARE(typed.status, 422);
        QVERIFY(problemIn(typed).detail.find("Pull it") == std::string::npos);
        QCOMPARE(server.post(json, {}, "127.0.0.1", "/v1/jobs?missing=maybe").status, 422);
        QCOMPARE(server.post(json, {}, "127.0.0.1", "/v1/jobs?missing=refuse").status, 422);
    }
};

QTEST_GUILESS_MAIN(TestPullsApi)
#include "test_pulls_api.moc"
