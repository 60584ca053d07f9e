// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <atomic>

#include "server/api/awaiting.h"
#include "shared/protocol/json.h"
#include "tests/server/api/api_server.h"

using namespace easel;
using namespace easel::tests;

namespace {

/// A server, and beside it a listener of the test's own whose `GET /{id}` waits for that job's end.
class WaitingServer {
public:
    WaitingServer() {
        http::Router router;
        router.add("GET", "/{id}", [this](const http::Request& request, const http::Responder& responder) {
            api::whenEnded(m_server.queue(), request.param("id"), responder,
                           [this, responder](const protocol::Expected<protocol::Job>& job) {
                               ++m_told;
                               responder.send(answerOf(job));
                           });
            ++m_waits;
        });
        m_listener = http::Listener::start(over(chosenTransport()), std::move(router)).value();
    }

    ApiServer& api() { return m_server; }
    ManualGenerator& generator() { return m_server.generator(); }
    http::Listener& listener() { return *m_listener; }
    int waits() const { return m_waits; }  ///< begun
    int told() const { return m_told; }    ///< ended

    std::string submit(int count = 1) {
        const auto answer =
            m_server.post(R"({"prompt":"fox","seed":7,"count":)" + std::to_string(count) + "}");
        return protocol::parseJob(answer.body).value().id;
    }
    /// A client that waits for job `id`.
    std::unique_ptr<RawClient> wait(const std::string& id) {
        auto client = std::make_unique<RawClient>(m_listener->port());
        client->send("GET /" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return client;
    }
    /// The whole of a wait.
    RawResponse waitOut(const std::string& id) {
        return fetch(m_listener->port(), "GET", "/" + id).value_or(RawResponse());
    }

private:
    /// 200 and the job, or the status of what it is instead and the sentence for it.
    static http::Response answerOf(const protocol::Expected<protocol::Job>& job) {
        const auto problem = job ? api::whyNoPicture(*job) : job.error();
        return problem ? http::textResponse(problem->status, problem->detail)
                       : http::textResponse(200, toJson(*job));
    }

    std::atomic<int> m_waits = 0;
    std::atomic<int> m_told = 0;
    ApiServer m_server;
    std::unique_ptr<http::Listener> m_listener;
};

}  // namespace

/// Waiting for a job as the answer to a request.
class TestAwaiting : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatSucceededIsTold() {
        WaitingServer server;
        const std::string id = server.submit(2);
        const auto request = server.generator().take();
        const auto client = server.wait(id);
        ManualGenerator::step(*request, 1);  // none of which is an end
        ManualGenerator::deliver(*request, 0);
        ManualGenerator::deliver(*request, 1);
        ManualGenerator::finish(*request);
        const auto answer = client->receive();
        QCOMPARE(answer->status, 200);
        const auto job = protocol::parseJob(answer->body).value();
        QCOMPARE(job.id, id);
        QVERIFY(job.state == protocol::JobState::Succeeded);
        QCOMPARE(job.images.size(), std::size_t{2});
        QCOMPARE(server.told(), 1);
        QVERIFY(!server.generator().wasCancelled(id));
    }

    void whatFailedSaysWhy() {
        WaitingServer server;
        const std::string id = server.submit();
        const auto client = server.wait(id);
        ManualGenerator::finish(*server.generator().take(), protocol::generationFailed("Not finite."));
        const auto answer = client->receive();
        QCOMPARE(answer->status, 422);
        QCOMPARE(answer->body, std::string("Not finite."));
        QCOMPARE(server.told(), 1);
    }

    void whatWasCancelledIsAConflict() {
        WaitingServer server;
        server.submit();  // is drawn, so that the next one waits
        const std::string waiting = server.submit();
        const auto client = server.wait(waiting);
        QVERIFY(server.api().queue().cancel(waiting));
        const auto answer = client->receive();
        QCOMPARE(answer->status, 409);
        QVERIFY(answer->body.find("cancelled") != std::string::npos);
    }

    void whatIsRemovedIsAConflictToo() {
        WaitingServer server;
        const std::string id = server.submit();
        const auto request = server.generator().take();
        const auto client = server.wait(id);
        QTRY_COMPARE_WITH_TIMEOUT(server.waits(), 1, 30'000);
        QVERIFY(server.api().queue().remove(id));
        QCOMPARE(client->receive()->status, 409);
        QCOMPARE(server.told(), 1);
    }

    void whoGoesCancelsTheJob() {
        WaitingServer server;
        const std::string id = server.submit();
        const auto request = server.generator().take();
        const auto client = server.wait(id);
        client->close();
        QTRY_VERIFY_WITH_TIMEOUT(server.generator().wasCancelled(id), 30'000);
        ManualGenerator::finish(*request, generator::cancelled());
        const auto isCancelled = [&] {
            return server.api().queue().find(id)->state == protocol::JobState::Cancelled;
        };
        QTRY_VERIFY_WITH_TIMEOUT(isCancelled(), 30'000);
        server.listener().stop();
        QCOMPARE(server.told(), 0);
    }

    void whoGoesCancelsForOthersToo() {
        WaitingServer server;
        server.submit();
        const std::string id = server.submit();
        const auto stays = server.wait(id);
        const auto goes = server.wait(id);
        QTRY_COMPARE_WITH_TIMEOUT(server.waits(), 2, 30'000);
        goes->close();  // a job has one end: whoever shares one must know
        QCOMPARE(stays->receive()->status, 409);
        QCOMPARE(server.told(), 1);
    }

    void whatHasEndedIsToldAtOnce_data() {
        QTest::addColumn<bool>("fails");
        QTest::addColumn<int>("status");
        QTest::newRow("succeeded") << false << 200;
        QTest::newRow("failed") << true << 422;
    }

    void whatHasEndedIsToldAtOnce() {
        QFETCH(bool, fails);
        QFETCH(int, status);
        WaitingServer server;
        const std::string id = server.submit();
        const auto request = server.generator().take();
        if (!fails) {
            ManualGenerator::deliver(*request);
        }
        ManualGenerator::finish(
            *request, fails ? std::optional(protocol::generationFailed("Not finite.")) : std::nullopt);
        QTRY_VERIFY_WITH_TIMEOUT(isFinished(server.api().queue().find(id)->state), 30'000);
        QCOMPARE(server.waitOut(id).status, status);
        QCOMPARE(server.waitOut(id).status, status);  // as often as one likes
        QCOMPARE(server.told(), 2);
    }

    void whatIsUnknownIsNotFound() {
        WaitingServer server;
        const auto answer = server.waitOut("j_nothing");
        QCOMPARE(answer.status, 404);
        QVERIFY(answer.body.find("j_nothing") != std::string::npos);
        QCOMPARE(server.told(), 1);
    }

    void aSuccessWithoutAPictureIsNone() {
        protocol::Job job;
        job.state = protocol::JobState::Succeeded;
        QCOMPARE(api::whyNoPicture(job)->status, 409);
        job.images.emplace_back();
        QVERIFY(!api::whyNoPicture(job));
    }
};

QTEST_GUILESS_MAIN(TestAwaiting)
#include "test_awaiting.moc"
