// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>

#include <QTest>

#include "shared/protocol/log_lines.h"
#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

namespace {

/// Whole, refused and torn.
constexpr const char* kBodies[] = {
    "{\"prompt\": \"a zebra\"}",
    "{\"prompt\": \"a zebra\", \"steps\": 0}",
    "{\"prompt\": \"zebra",
    "{\"zebra\": 1}",
    "{\"prompt\": \"zebra\", \"negative_prompt\": \"zebra\", \"width\": 64, \"height\": 64}",
};

}  // namespace

/// The log of a running server, as an admin is told it.
class TestServeLog : public ServeTest {
    Q_OBJECT

    std::vector<std::string> log(const std::string& query = {}) {
        const auto answer = get("/v1/log" + query);
        return protocol::parseLogLines(answer.body.toStdString()).value_or(std::vector<std::string>());
    }

    static bool isIn(const std::vector<std::string>& lines, const std::string& end) {
        return std::ranges::any_of(lines, [&](const auto& line) { return line.ends_with(end); });
    }

    /// A key from the command line.
    QByteArray key(const QStringList& arguments) const {
        Program program(QStringList{"keys", "create"} + arguments +
                        QStringList{"--data", m_folder->filePath("data")});
        return program.waitForEnd() == 0 ? program.output().trimmed() : QByteArray();
    }

    Answer getAs(const std::string& path, const QByteArray& key) {
        auto asked = request(path);
        asked.setRawHeader("Authorization", "Bearer " + key);
        return wait(m_network.get(asked));
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void tellsWhatItHasWritten() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        QCOMPARE(get("/v1/first").status, 404);
        QCOMPARE(get("/v1/second?prompt=a+fox").status, 404);
        QTRY_VERIFY(isIn(log(), " GET /v1/second"));
        const auto lines = log("?lines=1000");
        const auto at = [&](const std::string& end) {
            return std::ranges::find_if(lines, [&](const auto& line) { return line.ends_with(end); }) -
                   lines.begin();
        };
        QVERIFY(at("] Ready (cpu, Fake, fp32)") < at(" GET /v1/first"));
        QVERIFY(at(" GET /v1/first") < at(" GET /v1/second"));
        QCOMPARE(log("?lines=1").size(), std::size_t{1});
        QCOMPARE(get("/v1/log?lines=1001").status, 422);
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        for (const std::string& line : lines) {
            QVERIFY2(m_server->errors().contains(QByteArray::fromStdString(line) + '\n'), line.c_str());
        }
    }

    void isForAdminsAlone() {
        const QByteArray root = key({"root", "--scope", "admin"});
        const QByteArray laptop = key({"laptop"});
        QVERIFY(start());
        QCOMPARE(get("/v1/log").status, 401);
        QCOMPARE(getAs("/v1/log", laptop).status, 403);
        QCOMPARE(getAs("/" + root.toStdString(), laptop).status, 400);
        QTRY_VERIFY(getAs("/v1/log", root).body.contains("GET /easel_***"));
        QVERIFY(!getAs("/v1/log", root).body.contains(root.mid(6)));
    }

    /// In each place where a client can put one, and whatever becomes of it.
    void noPromptIsEverInIt() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        const QByteArray words = "zebra";
        const std::string small = "&width=64&height=64&steps=4";
        const auto reply = [](const Answer& answer) { QVERIFY(answer.status != 0); };
        reply(get("/?prompt=a+zebra" + small));
        reply(get("/?prompt=a%20zebra&steps=none"));
        reply(get("/?prompt=zebra&model=zebra"));
        reply(get("/%3Fprompt=a%20zebra" + small));
        reply(get("/%3Fprompt%3Dzebra"));
        reply(get("/?prompt=%FFzebra"));
        reply(get("/a%20zebra"));
        reply(get("/v1/jobs?prompt=zebra"));
        reply(get("/v1/jobs/a%20zebra"));
        reply(get("/v1/models/a%20zebra"));
        reply(get("/login?next=/%3Fprompt=zebra"));
        for (const char* const path : {"/v1/jobs", "/v1/estimate", "/v1/pulls", "/v1/keys", "/v1/pair"}) {
            for (const char* const body : kBodies) {
                auto json = request(path);
                json.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
                reply(wait(m_network.post(json, body)));
            }
        }
        const auto job = submit("zebra");
        QVERIFY(waitForState(job, JobState::Succeeded));
        reply(wait(m_network.deleteResource(request("/v1/jobs/" + job))));
        const auto running = submit("slow zebra", 100);
        QVERIFY(waitForStep(running));
        // What draws it goes, and another draws it again.
        ::kill(static_cast<pid_t>(childrenOf(m_server->pid()).front()), SIGKILL);
        QVERIFY(QTest::qWaitFor([&] { return isIn(log(), "starting another."); }, kPatienceMs));
        QVERIFY(waitForState(running, JobState::Succeeded));
        const auto told = get("/v1/log?lines=1000").body;
        QVERIFY(told.contains("GET /v1/jobs"));
        QVERIFY2(!told.contains(words), told);
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        const QByteArray said = m_server->output() + m_server->errors();
        QVERIFY(said.contains("Ending: "));
        QVERIFY2(!said.contains(words), said);
    }
};

QTEST_GUILESS_MAIN(TestServeLog)
#include "test_serve_log.moc"
