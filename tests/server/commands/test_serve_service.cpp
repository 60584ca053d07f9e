// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

namespace {

/// What a service manager hears.
class Manager {
public:
    explicit Manager(const QString& path)
        : m_path(path.toLocal8Bit()), m_socket(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        ::sockaddr_un address{};
        address.sun_family = AF_UNIX;
        m_path.copy(address.sun_path, sizeof address.sun_path - 1);
        m_isBound = ::bind(m_socket, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0;
    }
    ~Manager() { ::close(m_socket); }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    bool isBound() const { return m_isBound; }
    const std::string& path() const { return m_path; }
    bool hears(const QByteArray& line) {
        return QTest::qWaitFor(
            [&] {
                char text[4096];
                ::ssize_t size = 0;
                while ((size = ::recv(m_socket, text, sizeof text, MSG_DONTWAIT)) > 0) {
                    m_heard += QByteArray(text, static_cast<int>(size)) + '\n';
                }
                return ('\n' + m_heard).contains('\n' + line);
            },
            60'000);
    }
    const QByteArray& heard() const { return m_heard; }

private:
    std::string m_path;
    int m_socket;
    bool m_isBound = false;
    QByteArray m_heard;
};

QList<QJsonObject> objectsIn(const QByteArray& lines) {
    QList<QJsonObject> objects;
    for (const QByteArray& line : lines.split('\n')) {
        if (!line.isEmpty()) {
            objects.append(QJsonDocument::fromJson(line).object());
        }
    }
    return objects;
}

}  // namespace

/// The server as a service: what it reads, and what it tells those who watch it.
class TestServeService : public ServeTest {
    Q_OBJECT

    QString write(const QString& name, const QByteArray& text) const {
        const QString path = m_folder->filePath(name);
        std::ofstream(path.toStdString(), std::ios::binary) << text.toStdString();
        return path;
    }

    bool startWatched(const Manager& manager, const char* watchdog = nullptr) {
        m_server = std::make_unique<Program>(command(), QString(), [&manager, watchdog] {
            ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
            if (watchdog != nullptr) {
                ::setenv("WATCHDOG_USEC", watchdog, 1);
            }
        });
        m_url = m_server->waitForLine("Listening on ");
        return !m_url.isEmpty();
    }

    bool stop() {
        m_server->signal(SIGTERM);
        return m_server->waitForEnd() == 0;
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void readsItsFile() {
        const QString port = m_folder->filePath("port");
        const QString file =
            write("server.toml", "port-file = \"" + port.toUtf8() + "\"\nrequire-key = true\nport = 1\n");
        QVERIFY(start({"--config", file}));  // which names a port, too
        QVERIFY(!m_url.endsWith(":1"));
        QVERIFY(QTest::qWaitFor([&] { return QFile::exists(port); }, kPatienceMs));
        QCOMPARE(get("/v1/server").status, 401);
    }

    void aWrongFileStopsTheStart() {
        const QString file = write("server.toml", "bind = \"127.0.0.1\"\nkeep-days = 0\n");
        Program program(command({"--config", file}));
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY2(program.errors().contains(file.toUtf8() + ":2: keep-days: Value 0 not in range"),
                 program.errors());
    }

    void checkingStartsNothing() {
        Program right(command({"--check-config"}));
        QCOMPARE(right.waitForEnd(), 0);
        QVERIFY2(right.output().startsWith("All is right: it would listen at http://127.0.0.1:0"),
                 right.output());
        QVERIFY(!QDir(m_folder->filePath("data")).exists());
        QVERIFY(start());  // and then beside one that runs
        Program beside(command({"--check-config"}));
        QCOMPARE(beside.waitForEnd(), 0);

        Program open(command({"--check-config", "--bind", "0.0.0.0"}));
        QCOMPARE(open.waitForEnd(), 2);
        QVERIFY(open.errors().contains("can be reached by others"));
        Program keyless(
            command({"--check-config", "--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.pem"}));
        QCOMPARE(keyless.waitForEnd(), 1);
        QVERIFY2(keyless.errors().contains("/nowhere.pem"), keyless.errors());
        QVERIFY(QDir(m_folder->path()).mkdir("empty"));
        QStringList words = command({"--check-config"});
        words[words.indexOf("--model") + 1] = m_folder->filePath("empty");
        Program modelless(words);
        QCOMPARE(modelless.waitForEnd(), 1);
        QVERIFY2(modelless.errors().contains("empty"), modelless.errors());
    }

    void tellsTheManagerHowItIs() {
        Manager manager(m_folder->filePath("notify"));
        QVERIFY(manager.isBound());
        QVERIFY(startWatched(manager));
        QVERIFY2(manager.hears("READY=1"), manager.heard());
        QVERIFY2(manager.hears("STATUS=Ready on cpu; 0 queued, 0 running"), manager.heard());
        QVERIFY(!manager.heard().contains("WATCHDOG=1"));
        QVERIFY(stop());
        QVERIFY2(manager.hears("STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000"), manager.heard());
    }

    void givesSignsOfLifeWhereTheyAreLookedFor() {
        Manager manager(m_folder->filePath("notify"));
        QVERIFY(startWatched(manager, "300000"));
        QVERIFY2(manager.hears("WATCHDOG=1\nWATCHDOG=1\n"), manager.heard());
        QVERIFY(stop());
    }

    void oneThatStandsStillGivesNone() {
        Manager manager(m_folder->filePath("notify"));
        QVERIFY(startWatched(manager, "300000"));
        QVERIFY2(manager.hears("WATCHDOG=1"), manager.heard());
        m_server->signal(SIGSTOP);
        QTest::qWait(100);
        manager.hears("READY=1");  // takes what was sent
        const auto before = manager.heard().count("WATCHDOG=1");
        QTest::qWait(600);
        manager.hears("READY=1");
        QCOMPARE(manager.heard().count("WATCHDOG=1"), before);
        m_server->signal(SIGCONT);
        QVERIFY(stop());
    }

    void endsWhenNobodyUsesIt() {
        // A minute is the least that can be asked for, and too long for a test: test_idle_watch has the
        // clock.
        Program wrong(command({"--end-when-idle", "-1"}));
        QCOMPARE(wrong.waitForEnd(), 2);
        QVERIFY(start({"--end-when-idle", "1"}));
        QVERIFY(waitForReady());
        QVERIFY(stop());
    }

    void everyRequestHasAnId() {
        QVERIFY(start());
        auto asked = request("/v1/server");
        asked.setRawHeader("X-Request-Id", "from-a.proxy:7");
        QNetworkReply* reply = m_network.get(asked);
        QCOMPARE(wait(reply).status, 200);
        QCOMPARE(reply->rawHeader("X-Request-Id"), QByteArray("from-a.proxy:7"));
        asked.setRawHeader("X-Request-Id", "two words");
        reply = m_network.get(asked);
        wait(reply);
        static const QRegularExpression ours("^[0-9a-f]{16}$");
        QVERIFY(ours.match(reply->rawHeader("X-Request-Id")).hasMatch());
        reply = m_network.get(request("/nowhere"));
        QCOMPARE(wait(reply).status, 404);
        QVERIFY(ours.match(reply->rawHeader("X-Request-Id")).hasMatch());
    }

    void theIdIsFoundAgain() {
        QVERIFY(start({"--log-format", "json"}));
        QVERIFY(waitForReady());
        auto asked = request("/v1/jobs");
        asked.setRawHeader("X-Request-Id", "the-one");
        asked.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
        const auto answer =
            wait(m_network.post(asked, R"({"prompt": "a zebra", "width": 64, "height": 64, "steps": 2})"));
        const auto made = protocol::parseJob(answer.body.toStdString());
        QVERIFY(made);
        QCOMPARE(made->requestId, std::string("the-one"));
        QVERIFY(waitForState(made->id, JobState::Succeeded));
        QVERIFY(stop());
        int ofTheJob = 0;
        bool isAnswered = false;
        for (const QJsonObject& line : objectsIn(m_server->errors())) {
            QVERIFY(!line.isEmpty());
            QVERIFY(line.contains("time") && line.contains("severity") && line.contains("message"));
            ofTheJob += line["job_id"].toString().toStdString() == made->id && line["request_id"] == "the-one"
                            ? 1
                            : 0;
            const QJsonObject http = line["httpRequest"].toObject();
            isAnswered = isAnswered || (line["request_id"] == "the-one" && http["requestUrl"] == "/v1/jobs" &&
                                        http["status"] == 202 && http["requestMethod"] == "POST");
        }
        QVERIFY(ofTheJob >= 3);  // waits, is drawn, is done
        QVERIFY(isAnswered);
        QVERIFY(!m_server->errors().contains("zebra"));
        // And after a restart.
        QVERIFY(start());
        QCOMPARE(job(made->id).requestId, std::string("the-one"));
    }

    void promptsAreLoggedWhereThatIsWanted() {
        QVERIFY(start({"--log-prompts"}));
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("a zebra"), JobState::Succeeded));
        QVERIFY(stop());
        QVERIFY(m_server->errors().contains("prompt: a zebra"));
    }

    void theJournalGetsLevels() {
        QVERIFY(start({"--log-format", "journal", "--bind", "127.0.0.1", "--require-key"}));
        QVERIFY(stop());
        QVERIFY2(m_server->errors().contains("<4>There is no key yet"), m_server->errors());
        QVERIFY2(m_server->errors().contains("<6>Ending: "), m_server->errors());
    }

    void lessCanBeLogged() {
        QVERIFY(start({"--log-level", "warning"}));
        QVERIFY(waitForReady());
        QVERIFY(stop());
        QVERIFY2(m_server->errors().isEmpty(), m_server->errors());
    }

    void figuresAreToldInPrometheusFormat() {
        QVERIFY(start());
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("a zebra", 4), JobState::Succeeded));
        QNetworkReply* reply = m_network.get(request("/metrics"));
        const auto answer = wait(reply);
        QCOMPARE(reply->header(QNetworkRequest::ContentTypeHeader).toByteArray(),
                 QByteArray("text/plain; version=0.0.4; charset=utf-8"));
        for (const char* const line :
             {"easel_jobs_total{outcome=\"succeeded\"} 1\n", "easel_steps_total 4\n",
              "easel_images_total 1\n", "easel_queue_jobs{state=\"queued\"} 0\n", "easel_ready 1\n",
              "http_route=\"/v1/jobs\"", "easel_worker_restarts_total{device=\"cpu\",id=\"0\"} 0\n"}) {
            QVERIFY2(answer.body.contains(line), line);
        }
        QVERIFY(!answer.body.contains("zebra"));
        QVERIFY(!answer.body.contains("/v1/jobs/j_"));
    }
};

QTEST_GUILESS_MAIN(TestServeService)
#include "test_serve_service.moc"
