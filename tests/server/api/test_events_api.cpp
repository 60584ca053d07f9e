// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;

class TestEventsApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Cut and taken up again, each end is told once, and nobody else's jobs are.
    void oneStreamTellsOfAllOfAClientsJobs() {
        ApiServer server;
        const auto follow = [&](RawClient& client, const std::string& last) {
            client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" +
                        (last.empty() ? "" : "Last-Event-ID: " + last + "\r\n") + "\r\n");
            client.receiveUntil("\r\n\r\n");
        };
        const auto idOf = [](const std::string& event) {
            const auto start = event.find("id: ") + 4;
            return event.substr(start, event.find('\n', start) - start);
        };
        const std::string first = jobIn(server.post(R"({"prompt":"fox"})")).id;
        const auto drawing = server.generator().take();
        server.post(R"({"prompt":"owl"})", "", "127.0.0.2");
        std::string last;
        {
            RawClient client(server.port());
            follow(client, "");
            const std::string event = nextJobEvent(client);
            QVERIFY2(event.find(first) != std::string::npos, event.c_str());
            ManualGenerator::step(*drawing, 1);
            const std::string progress = nextJobEvent(client);
            QVERIFY2(progress.find("event: progress") != std::string::npos, progress.c_str());
            QVERIFY2(progress.find("\"job\":\"" + first + "\"") != std::string::npos, progress.c_str());
            last = idOf(progress);
        }
        ManualGenerator::deliver(*drawing);
        ManualGenerator::finish(*drawing);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, first), std::string("succeeded"), 30'000);
        RawClient back(server.port());
        follow(back, last);
        const std::string done = nextJobEvent(back);
        QVERIFY2(done.find("event: done") != std::string::npos && done.find(first) != std::string::npos,
                 done.c_str());
        RawClient upToDate(server.port());
        follow(upToDate, idOf(done));
        const std::string second = jobIn(server.post(R"({"prompt":"cat"})")).id;
        const std::string next = nextJobEvent(upToDate);
        QVERIFY2(next.find(second) != std::string::npos, next.c_str());
    }

    void eventsTellTheWholeStory() {
        ApiServer server;
        const std::string id = jobIn(server.post(R"({"prompt":"fox","seed":7})")).id;
        const auto drawing = server.generator().take();
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("running"), 30'000);
        RawClient client(server.port());
        openStream(client, id);
        const std::string first = nextEvent(client);
        QVERIFY2(first.find("event: state\ndata: {") != std::string::npos, first.c_str());
        QVERIFY(first.starts_with("id: "));

        ManualGenerator::step(*drawing, 2);
        const std::string progress = nextEvent(client);
        QVERIFY2(progress.find("event: progress\n") != std::string::npos, progress.c_str());
        QVERIFY(progress.find("\"step\":2") != std::string::npos);
        ManualGenerator::deliver(*drawing);
        QVERIFY(nextEvent(client).find("event: image\n") != std::string::npos);
        ManualGenerator::finish(*drawing);
        const std::string done = nextEvent(client);
        QVERIFY(done.find("event: done\n") != std::string::npos);
        QVERIFY(done.find("\"state\":\"succeeded\"") != std::string::npos);
        QVERIFY(client.isClosedByServer());

        // A late follower gets the end at once.
        RawClient late(server.port());
        openStream(late, id);
        QVERIFY(nextEvent(late).find("event: done\n") != std::string::npos);
        QVERIFY(late.isClosedByServer());
    }

    void previewsAreToldWithoutANumber() {
        ApiServer server;
        const std::string id = jobIn(server.post(R"({"prompt":"fox","preview_every":2})")).id;
        const auto drawing = server.generator().take();
        QCOMPARE(drawing->settings.previewEvery, 2);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("running"), 30'000);
        RawClient ofOne(server.port());
        openStream(ofOne, id);
        QVERIFY(nextEvent(ofOne).find("event: state\n") != std::string::npos);
        RawClient ofAll(server.port());
        ofAll.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ofAll.receiveUntil("\r\n\r\n");
        QVERIFY(nextJobEvent(ofAll).find("event: state\n") != std::string::npos);
        ManualGenerator::show(*drawing, 2);
        for (const std::string& told : {nextEvent(ofOne), nextEvent(ofAll)}) {
            QVERIFY2(told.starts_with("event: preview\ndata: {"), told.c_str());
            QVERIFY2(told.find("\nid:") == std::string::npos, told.c_str());
            const auto data = told.substr(told.find("data: ") + 6);
            const auto event = protocol::parseEvent("preview", data.substr(0, data.find('\n')));
            QVERIFY(event.has_value());
            QCOMPARE(event->job, id);
            QCOMPARE(std::get<protocol::Preview>(event->news).step, 2);
        }
    }

    /// Progress is a state, not a log.
    void followersThatLagAreToldTheNewestProgress() {
        ApiServer server;
        const std::string id = jobIn(server.post(R"({"prompt":"fox"})")).id;
        const auto drawing = server.generator().take();
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("running"), 30'000);
        RawClient ofOne(server.port());
        openStream(ofOne, id);
        RawClient ofAll(server.port());
        ofAll.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ofAll.receiveUntil("\r\n\r\n");
        constexpr int kSteps = 20'000;
        protocol::Progress progress;
        progress.stage = protocol::Stage::Denoising;
        for (progress.steps = kSteps; progress.step < kSteps;) {
            ++progress.step;
            drawing->observer.progress(progress);
        }
        ManualGenerator::deliver(*drawing);
        ManualGenerator::finish(*drawing);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("succeeded"), 30'000);
        for (RawClient* client : {&ofOne, &ofAll}) {
            const std::string told = client->receiveUntil("event: done\n");
            QVERIFY(told.find("\"step\":20000,") != std::string::npos);
        }
    }

    void eventsResumeWhereTheyBroke() {
        ApiServer server;
        const std::string id = jobIn(server.post(R"({"prompt":"fox"})")).id;
        const auto drawing = server.generator().take();
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("running"), 30'000);
        std::string lastId;
        {
            RawClient client(server.port());
            openStream(client, id);
            const std::string event = nextEvent(client);
            lastId = event.substr(4, event.find('\n') - 4);
        }
        RawClient upToDate(server.port());
        openStream(upToDate, id, "Last-Event-ID: " + lastId + "\r\n");
        RawClient behind(server.port());
        openStream(behind, id, "Last-Event-ID: 0\r\n");
        QVERIFY(nextEvent(behind).find("event: state\n") != std::string::npos);
        ManualGenerator::step(*drawing, 1);
        QVERIFY(nextEvent(upToDate).find("event: progress\n") != std::string::npos);
        QVERIFY(nextEvent(behind).find("event: progress\n") != std::string::npos);
    }

    void failuresReachTheFollower() {
        ApiServer server;
        const std::string id = jobIn(server.post(R"({"prompt":"fox"})")).id;
        ManualGenerator::finish(*server.generator().take(), protocol::generationFailed("Not finite."));
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("failed"), 30'000);
        const auto job = jobIn(server.get("/v1/jobs/" + id));
        QVERIFY(job.error.has_value());
        QCOMPARE(job.error->detail, std::string("Not finite."));
    }

    /// Whoever follows all jobs hears of what draws, too, first how it is.
    void theStreamTellsOfModelsAndDevices() {
        ApiServer server;
        RawClient client(server.port());
        client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.receiveUntil("\r\n\r\n");
        const std::string device = nextEvent(client);
        QVERIFY2(device.starts_with("event: device\n"), device.c_str());
        QVERIFY2(device.find(R"("device":"cpu")") != std::string::npos, device.c_str());

        QVERIFY(server.isFollowed());
        server.tell(protocol::ModelNews{"tiny", protocol::ModelState::Failed, "It is broken."});
        const std::string model = nextEvent(client);
        QVERIFY2(model.starts_with("event: model\n"), model.c_str());
        QVERIFY2(model.find(R"({"id":"tiny","state":"failed","why":"It is broken."})") != std::string::npos,
                 model.c_str());
        QVERIFY2(model.find("\nid:") == std::string::npos, model.c_str());
        client.reset();
        QTRY_VERIFY_WITH_TIMEOUT(!server.isFollowed(), 30'000);
    }
};

QTEST_GUILESS_MAIN(TestEventsApi)
#include "test_events_api.moc"
