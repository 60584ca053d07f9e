// SPDX-License-Identifier: Apache-2.0
// Models by name, over HTTP.
#include <signal.h>

#include <QDir>

#include <algorithm>

#include "tests/server/commands/serve_test.h"
#include "tests/server/hub/stand_in_hub.h"

using namespace easel;
using namespace easel::tests;
using protocol::PullState;

class TestServedPulls : public ServeTest {
    Q_OBJECT

private:
    std::unique_ptr<StandInHub> m_hub;

    Answer postJson(const std::string& path, const std::string& json) {
        auto post = request(path);
        post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
        return wait(m_network.post(post, QByteArray::fromStdString(json)));
    }

    std::string startPull(const std::string& name) {
        const auto answer =
            postJson("/v1/pulls", protocol::toJson(protocol::PullRequest{.model = "test/" + name}));
        const auto pull = protocol::parsePull(answer.body.toStdString());
        return answer.status == 202 && pull ? pull->id : "";
    }

    protocol::PullInfo pull(const std::string& id) {
        return protocol::parsePull(get("/v1/pulls/" + id).body.toStdString()).value_or(protocol::PullInfo());
    }

    bool waitForPull(const std::string& id, PullState state) {
        return QTest::qWaitFor([&] { return pull(id).state == state; }, kPatienceMs);
    }

    Answer remove(const std::string& path) { return wait(m_network.deleteResource(request(path))); }

private Q_SLOTS:
    void initTestCase() {
        m_hub = std::make_unique<StandInHub>();
        QVERIFY(m_hub->isUp());
    }
    void init() {
        begin();
        m_hub->setEnvironment(m_folder->filePath("cache"));
    }
    void cleanup() { end(); }
    void cleanupTestCase() {
        const int tokens = m_hub->tokensAtStorage();
        m_hub.reset();
        QCOMPARE(tokens, 0);
    }

    /// What a person does who asks for a picture with a model that is not here.
    void aHeldJobRunsWhenItsModelHasArrived() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        const auto asked =
            postJson("/v1/jobs?missing=hold",
                     R"({"prompt": "fox", "model": "test/tiny", "width": 64, "height": 64, "steps": 2})");
        QCOMPARE(asked.status, 202);
        const std::string id = protocol::parseJob(asked.body.toStdString())->id;
        QVERIFY(waitForState(id, protocol::JobState::Held));
        const auto hold = job(id).hold.value();
        QVERIFY(hold.reason == protocol::HoldReason::ModelMissing);
        QCOMPARE(hold.cure, std::string("Pull it: easel-server pull test/tiny, or POST /v1/pulls."));

        const std::string pulled = startPull("tiny");
        QVERIFY(waitForPull(pulled, PullState::Succeeded));
        const auto info = pull(pulled);
        QCOMPARE(info.licence, std::string("creativeml-openrail-m"));
        QCOMPARE(info.progress.bytesDone, info.progress.bytes);
        QCOMPARE(info.progress.filesDone, info.progress.files);
        QCOMPARE(get("/v1/models/test/tiny").status, 200);
        QVERIFY(waitForState(id, protocol::JobState::Succeeded));
        QVERIFY(m_server->waitForError("Pulling test/tiny: succeeded"));
    }

    void progressIsTold() {
        QVERIFY(start());
        QNetworkReply* const events = m_network.get(request("/v1/events"));
        const std::string id = startPull("steady");
        QByteArray told;
        QVERIFY(QTest::qWaitFor(
            [&] {
                told += events->readAll();
                return told.contains("\"state\":\"succeeded\"");
            },
            kPatienceMs));
        std::vector<protocol::PullInfo> pulls;
        for (const QByteArray& event : told.split('\n')) {
            if (event.startsWith("data: ")) {
                if (auto pull = protocol::parsePull(event.mid(6).toStdString()); pull && pull->id == id) {
                    pulls.push_back(std::move(*pull));
                }
            }
        }
        QVERIFY(told.contains("event: pull\n"));
        QVERIFY(pulls.size() > 4);
        QVERIFY(std::ranges::is_sorted(pulls, {}, [](const auto& pull) { return pull.progress.bytesDone; }));
        QVERIFY(
            std::ranges::any_of(pulls, [](const auto& pull) { return pull.progress.bytesPerSecond > 1000; }));
        events->abort();
        events->deleteLater();
    }

    void aPullIsCancelledAndGoesOnLater() {
        QVERIFY(start());
        const std::string id = startPull("steady");
        QVERIFY(QTest::qWaitFor([&] { return pull(id).progress.bytesDone > 400'000; }, kPatienceMs));
        QCOMPARE(remove("/v1/models/test/steady").status, 409);  // it is on its way
        QCOMPARE(post("/v1/pulls/" + id + "/cancel").status, 200);
        QVERIFY(waitForPull(id, PullState::Cancelled));
        const std::string again = startPull("steady");
        QVERIFY(waitForPull(again, PullState::Succeeded));
        QVERIFY(again != id);
    }

    void whatFailsIsSaid() {
        QVERIFY(start());
        const std::string id = startPull("gated");
        QVERIFY(waitForPull(id, PullState::Failed));
        const auto problem = pull(id).problem.value();
        QCOMPARE(problem.code, std::string("licence_not_accepted"));
        QVERIFY(problem.detail.find("https://huggingface.co/test/gated") != std::string::npos);
        QVERIFY(m_server->waitForError("Pulling test/gated failed: "));
    }

    void aModelIsRemoved() {
        QVERIFY(start());
        QVERIFY(waitForPull(startPull("tiny"), PullState::Succeeded));
        QCOMPARE(remove("/v1/models/good").status, 409);  // a folder of somebody's own
        QCOMPARE(remove("/v1/models/test/tiny").status, 204);
        QCOMPARE(get("/v1/models/test/tiny").status, 404);
        QVERIFY(!QDir(m_folder->filePath("cache/models--test--tiny")).exists());
        QCOMPARE(remove("/v1/models/test/tiny").status, 404);
        QCOMPARE(remove("/v1/models/nothing").status, 404);
    }

    void whatIsHereIsVerified() {
        QVERIFY(start());
        QCOMPARE(post("/v1/models/good/verify").status, 409);  // a folder of somebody's own
        QCOMPARE(post("/v1/models/test/tiny/verify").status, 404);
        QVERIFY(waitForPull(startPull("tiny"), PullState::Succeeded));
        const auto verify = [this] {
            const auto answer = post("/v1/models/test/tiny/verify");
            const auto begun = protocol::parsePull(answer.body.toStdString());
            return answer.status == 202 && begun && begun->task == protocol::PullTask::Verify ? begun->id
                                                                                              : std::string();
        };
        const std::string good = verify();
        QVERIFY(waitForPull(good, PullState::Succeeded));
        QCOMPARE(pull(good).progress.bytesDone, pull(good).progress.bytes);
        QVERIFY(pull(good).progress.bytes > 0);
        const QString blobs = m_folder->filePath("cache/models--test--tiny/blobs/");
        for (const QString& name : QDir(blobs).entryList(QDir::Files)) {
            QFile file(blobs + name);
            QVERIFY(file.open(QIODevice::Append));
            file.write("x");
        }
        const std::string bad = verify();
        QVERIFY(waitForPull(bad, PullState::Failed));
        QVERIFY(pull(bad).problem->detail.ends_with("Remove the model and pull it again."));
        QVERIFY(m_server->waitForError("Verifying test/tiny failed: "));
    }

    void theHubIsLookedThrough() {
        QVERIFY(start());
        const auto hits = protocol::parseHubHits(get("/v1/hub?search=tiny").body.toStdString());
        QVERIFY(hits);
        QCOMPARE(hits->front().id, std::string("test/tiny"));
        const auto offer = protocol::parseHubModel(get("/v1/hub/test/tiny").body.toStdString());
        QVERIFY(offer && offer->variants.front().bytes > 0);
        QCOMPARE(get("/v1/hub/test/no-such").status, 404);
        QCOMPARE(get("/v1/hub/test/tiny?revision=no-such").status, 404);
        for (const char* path :
             {"/v1/hub", "/v1/hub?search=", "/v1/hub?search=x&limit=0", "/v1/hub?search=x&colour=red",
              "/v1/hub/test/tiny?revision=../x", "/v1/hub/test/-tiny"}) {
            QVERIFY2(get(path).status == 422, path);
        }
    }

    void theListSaysWhatCanBeDone() {
        QVERIFY(start());
        QVERIFY(waitForPull(startPull("tiny"), PullState::Succeeded));
        const auto page = protocol::parseModelPage(get("/v1/models").body.toStdString());
        QVERIFY(page->mayPull && page->freeBytes > 0);
        for (const auto& model : page->models) {
            QCOMPARE(model.isPulled, model.id == "test/tiny");
        }
    }

    void itCanBeSwitchedOff() {
        QVERIFY(start({"--no-pull"}));
        QVERIFY(waitForReady());
        QCOMPARE(get("/v1/hub?search=tiny").status, 403);
        QCOMPARE(get("/v1/hub/test/tiny").status, 403);
        QCOMPARE(post("/v1/models/good/verify").status, 403);
        QVERIFY(!protocol::parseModelPage(get("/v1/models").body.toStdString())->mayPull);
        QCOMPARE(postJson("/v1/pulls", R"({"model": "test/tiny"})").status, 403);
        QCOMPARE(remove("/v1/models/good").status, 403);
        const auto asked =
            postJson("/v1/jobs?missing=hold",
                     R"({"prompt": "fox", "model": "test/tiny", "width": 64, "height": 64, "steps": 2})");
        const std::string id = protocol::parseJob(asked.body.toStdString())->id;
        QVERIFY(waitForState(id, protocol::JobState::Held));
        QCOMPARE(job(id).hold->cure, std::string("Pull it: easel-server pull test/tiny."));
    }

    void theServerEndsInTheMiddleOfAPull() {
        QVERIFY(start());
        const std::string id = startPull("steady");
        QVERIFY(QTest::qWaitFor([&] { return pull(id).progress.bytesDone > 400'000; }, kPatienceMs));
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
    }
};

QTEST_GUILESS_MAIN(TestServedPulls)
#include "test_served_pulls.moc"
