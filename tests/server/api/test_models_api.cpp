// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>
#include <vector>

#include "shared/protocol/samplers.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;

class TestModelsApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void modelsComeInPages() {
        ApiServer server;
        const auto first = protocol::parseModelPage(server.get("/v1/models?limit=1").body).value();
        QCOMPARE(first.models.size(), std::size_t{1});
        QVERIFY(first.next == "tiny");
        const auto rest = protocol::parseModelPage(server.get("/v1/models?after=tiny").body).value();
        QCOMPARE(rest.models.size(), std::size_t{1});
        QCOMPARE(rest.models.front().id, std::string("hub/other"));
        QVERIFY(!rest.next);
        for (const char* query : {"limit=0", "limit=101", "limit=x", "before=tiny"}) {
            QCOMPARE(server.get(std::string("/v1/models?") + query).status, 422);
        }
    }

    void whatCanBeAddedToThem() {
        ApiServer server;
        const auto all = protocol::parseAddons(server.get("/v1/addons").body).value();
        QCOMPARE(all, server.addons());
        const auto loras = protocol::parseAddons(server.get("/v1/addons?kind=lora").body).value();
        QCOMPARE(loras.size(), std::size_t{1});
        QCOMPARE(loras.front(), all.front());
        QCOMPARE(server.get("/v1/addons?kind=tiny_vae").body, std::string(R"({"addons":[]})"));
        for (const char* query : {"kind=Lora", "kind=", "kinds=lora", "kind=lora&kind=vae"}) {
            const auto answer = server.get(std::string("/v1/addons?") + query);
            QVERIFY2(answer.status == 422 && answer.body.find("kind") != std::string::npos, query);
        }
    }

    void theTokensOfAPromptAreCounted() {
        ApiServer server;
        const auto ask = [&server](const std::string& body) {
            return server.request("POST", "/v1/tokens", "Content-Type: application/json\r\n", body);
        };
        const protocol::TokenQuestion question{"a fox", "tiny", "plain"};
        const auto answer = ask(protocol::toJson(question));
        QCOMPARE(answer.status, 200);
        QCOMPARE(protocol::parseTokenCount(answer.body).value(), ApiServer::tokens(question));
        QCOMPARE(ask(R"({"prompt":""})").status, 200);
        for (const auto& [body, field] :
             {std::pair<std::string, std::string>{R"({"prompt":"a","model":"none"})", "model"},
              {R"({"model":"tiny"})", "prompt"},
              {R"({"prompt":7})", "prompt"},
              {R"({"prompt":"a","prompt_syntax":"comfy"})", "prompt_syntax"},
              {R"({"prompt":"a","steps":4})", "steps"},
              {protocol::toJson(protocol::TokenQuestion{std::string(20000, 'a'), {}, {}}), "prompt"}}) {
            const auto refused = ask(body);
            QCOMPARE(refused.status, 422);
            QCOMPARE(protocol::parseProblem(refused.body).value().field, field);
        }
        QCOMPARE(ask("[").status, 400);
        QCOMPARE(server.request("POST", "/v1/tokens", "Content-Type: text/plain\r\n", "a").status, 415);
    }

    void whatIsNotThereIsRefusedAtOnce() {
        ApiServer server;
        const auto status = [&server](const std::string& name) {
            return server.post(R"({"prompt":"fox","loras":[{"name":")" + name + R"(","weight":0.5}]})")
                .status;
        };
        QCOMPARE(status("pixels"), 202);
        QCOMPARE(status("pixel"), 422);
    }

    void aModelIsFoundLoadedAndLetGo() {
        ApiServer server;
        for (const char* id : {"tiny", "hub/other"}) {
            const std::string path = std::string("/v1/models/") + id;
            QCOMPARE(server.get(path).status, 200);
            QCOMPARE(server.request("POST", path + "/load").status, 202);
            QCOMPARE(server.request("POST", path + "/unload").status, 202);
        }
        QVERIFY((server.generator().loads() ==
                 std::vector<std::string>{"+tiny", "-tiny", "+hub/other", "-hub/other"}));
        for (const char* id : {"none", "hub/none", "../etc"}) {
            const std::string path = std::string("/v1/models/") + id;
            QVERIFY(server.get(path).status == 404 || server.get(path).status == 400);
            QVERIFY(server.request("POST", path + "/load").status >= 400);
        }
        QCOMPARE(server.get("/v1/models/tiny/load").status, 405);
        QCOMPARE(problemIn(server.post(R"({"prompt": "fox", "model": "none"})")).field.value_or(""),
                 std::string("model"));
        QCOMPARE(server.post(R"({"prompt": "fox", "model": "hub/other", "width": 64, "height": 64})").status,
                 202);
    }

    void serverTellsWhatItIs() {
        ApiServer server;
        const auto info = protocol::parseServerInfo(server.get("/v1/server").body).value();
        QCOMPARE(info.version, std::string("1.2.3"));
        QVERIFY(info.ready);
        QVERIFY(info.samplers == protocol::describeSamplers());
        const auto models = protocol::parseModelPage(server.get("/v1/models").body).value().models;
        QCOMPARE(models.front().title, std::string("Tiny <model>"));
        QCOMPARE(server.get("/livez").status, 200);
        QCOMPARE(server.get("/readyz").status, 200);

        server.generator().setStatus({false, false, "Loading the model", "", "", ""});
        QTRY_COMPARE_WITH_TIMEOUT(server.get("/readyz").status, 503, 30'000);
        QCOMPARE(problemIn(server.get("/readyz")).detail, std::string("Loading the model"));
        QCOMPARE(server.get("/livez").status, 200);
    }

    void devicesAreDrainedAndResumed() {
        ApiServer server;
        const auto list = server.get("/v1/devices");
        QCOMPARE(list.status, 200);
        QVERIFY2(list.body.starts_with(R"({"devices":[{)"), list.body.c_str());
        QCOMPARE(server.get("/v1/devices/0").status, 200);
        const auto drained = server.request("POST", "/v1/devices/0/drain");
        QCOMPARE(drained.status, 200);
        QVERIFY2(drained.body.find(R"("state":"drained")") != std::string::npos, drained.body.c_str());
        QCOMPARE(server.get("/v1/devices/0").body, drained.body);
        const auto resumed = server.request("POST", "/v1/devices/0/resume");
        QVERIFY2(resumed.body.find(R"("state":"ready")") != std::string::npos, resumed.body.c_str());
        for (const char* const method : {"/v1/devices/1/drain", "/v1/devices/cpu/resume"}) {
            QCOMPARE(server.request("POST", method).status, 404);
        }
        QCOMPARE(server.get("/v1/devices/1").status, 404);
        QCOMPARE(server.request("GET", "/v1/devices/0/drain").status, 405);
    }
};

QTEST_GUILESS_MAIN(TestModelsApi)
#include "test_models_api.moc"
