// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <sys/stat.h>

#include <filesystem>

#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;

/// What every answer has about it, and pictures in parts and on conditions (RFC 9110, 8.8, 13 and 14). In the
/// rows N stands for the size of the picture, M for the place of its last byte and TAG for its entity tag.
class TestPictures : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<ApiServer> m_server;
    std::string m_job;
    std::string m_target;
    RawResponse m_whole;

    std::string filledIn(const QByteArray& text) const {
        const auto size = static_cast<qulonglong>(m_whole.body.size());
        return QString::fromLatin1(text)
            .replace('N', QString::number(size))
            .replace('M', QString::number(size - 1))
            .toStdString();
    }

private Q_SLOTS:
    void initTestCase() {
        m_server = std::make_unique<ApiServer>(std::make_unique<generator::TestPattern>());
        const auto accepted =
            m_server->post(R"({"prompt":"fox","width":256,"height":256,"steps":1,"seed":1})");
        m_job = protocol::parseJob(accepted.body).value().id;
        m_target = "/v1/jobs/" + m_job + "/images/0";
        QTRY_COMPARE_WITH_TIMEOUT(m_server->get(m_target).status, 200, 30'000);
        m_whole = m_server->get(m_target);
        QVERIFY(m_whole.body.size() > 1000);
    }

    void partsAreServed_data() {
        QTest::addColumn<QByteArray>("range");
        QTest::addColumn<QByteArray>("served");
        const auto row = [](const char* range, const char* served) {
            QTest::newRow(range) << QByteArray(range) << QByteArray(served);
        };
        row("bytes=0-0", "0-0");
        row("bytes=0-", "0-M");
        row("bytes=5-9", "5-9");
        row("bytes=-1", "M-M");
        row("bytes=-99999999", "0-M");
        row("bytes=0-99999999", "0-M");
        row("bytes=0-18446744073709551615", "0-M");
        row("bytes=M-", "M-M");
        row("Bytes=0-0", "0-0");
    }

    void partsAreServed() {
        QFETCH(QByteArray, range);
        QFETCH(QByteArray, served);
        const auto answer = m_server->get(m_target, "Range: " + filledIn(range) + "\r\n");
        QCOMPARE(answer.status, 206);
        const std::string parts = filledIn(served);
        QCOMPARE(answer.header("content-range"), "bytes " + parts + "/" + filledIn("N"));
        const std::size_t first = std::stoull(parts);
        const std::size_t last = std::stoull(parts.substr(parts.find('-') + 1));
        QVERIFY(answer.body == m_whole.body.substr(first, last - first + 1));
    }

    void partsBehindTheEndAreRefused() {
        for (const char* range : {"bytes=N-", "bytes=N-99999999", "bytes=-0", "bytes=99999999-"}) {
            const auto answer = m_server->get(m_target, "Range: " + filledIn(range) + "\r\n");
            QCOMPARE(answer.status, 416);
            QCOMPARE(answer.header("content-range"), "bytes */" + filledIn("N"));
            QCOMPARE(protocol::parseProblem(answer.body)->code, std::string("range_not_satisfiable"));
            QCOMPARE(answer.header("cache-control"), std::string("no-store"));
        }
    }

    void oddRangesMeanTheWhole_data() {
        QTest::addColumn<QByteArray>("range");
        for (const char* range : {"bytes=9-5", "bytes=a-b", "bytes=", "bytes=-", "lines=0-1", "bytes=0-1,3-4",
                                  "bytes=0-0,0-0,0-0", "bytes=--1", "0-1", "bytes=0-1-2", "bytes=+1-2",
                                  "bytes=0x1-2", "bytes=99999999999999999999999-",
                                  "bytes=-99999999999999999999999", "bytes=0-0\r\nRange: bytes=1-1"}) {
            QTest::newRow(QByteArray(range).simplified().constData()) << QByteArray(range);
        }
    }

    void oddRangesMeanTheWhole() {
        QFETCH(QByteArray, range);
        const auto answer = m_server->get(m_target, "Range: " + range.toStdString() + "\r\n");
        QCOMPARE(answer.status, 200);
        QVERIFY(answer.body == m_whole.body);
    }

    void conditionsAreMet_data() {
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<int>("status");
        const auto row = [](const char* fields, int status) {
            QTest::newRow(fields) << QByteArray(fields) + '|' << status;
        };
        row("If-None-Match: TAG", 304);
        row("If-None-Match: *", 304);
        row("If-None-Match: \"a\", TAG", 304);
        row("If-None-Match: TAG,\"b\"", 304);
        row("If-None-Match: W/TAG", 304);
        row("If-None-Match: W/\"a\" , ,W/TAG", 304);
        row("If-None-Match: \"a\"|If-None-Match: TAG", 304);
        row("If-None-Match: \"a\"", 200);
        row("If-None-Match: \"a\"|If-None-Match: \"b\"", 200);
        row("If-None-Match: unquoted", 200);
        row("If-None-Match:", 200);
        row("If-None-Match: \"a", 200);
        row("If-None-Match: TAG|Range: bytes=0-0", 304);
        row("If-Match: TAG", 200);
        row("If-Match: *", 200);
        row("If-Match: \"a\", TAG", 200);
        row("If-Match: \"a\"|If-Match: TAG", 200);
        row("If-Match: TAG|Range: bytes=0-0", 206);
        row("If-Match: \"nope\"", 412);
        row("If-Match: W/TAG", 412);
        row("If-Match:", 412);
        row("If-Match: \"nope\"|Range: bytes=0-0", 412);
        row("If-Match: \"nope\"|If-None-Match: TAG", 412);
        row("If-Match: TAG|If-None-Match: TAG", 304);
        row("If-Range: TAG|Range: bytes=0-0", 206);
        row("If-Range: \"x\"|Range: bytes=0-0", 200);
        row("If-Range: W/TAG|Range: bytes=0-0", 200);
    }

    void conditionsAreMet() {
        QFETCH(QByteArray, fields);
        QFETCH(int, status);
        fields.replace("TAG", QByteArray::fromStdString(m_whole.header("etag"))).replace('|', "\r\n");
        const auto answer = m_server->get(m_target, fields.toStdString());
        QCOMPARE(answer.status, status);
        QCOMPARE(answer.header("etag"), m_whole.header("etag"));
        if (status == 412) {
            QCOMPARE(protocol::parseProblem(answer.body)->code, std::string("precondition_failed"));
        } else if (status == 304) {
            QVERIFY(answer.body.empty());
        } else if (status == 200) {
            QVERIFY(answer.body == m_whole.body);
        }
    }

    void headIsGetWithoutTheBody_data() {
        QTest::addColumn<QByteArray>("path");
        for (const char* path :
             {"/", "/livez", "/readyz", "/v1/server", "/v1/models", "/v1/jobs", "/v1/jobs/JOB",
              "/v1/jobs/JOB/images/0", "/openapi.json", "/page.css", "/page/start.js", "/page-fields.json",
              "/favicon.svg", "/nothing", "/v1/jobs/j_x", "/v1/jobs/JOB/images/7"}) {
            QTest::newRow(path) << QByteArray(path);
        }
    }

    void headIsGetWithoutTheBody() {
        QFETCH(QByteArray, path);
        const std::string target = path.replace("JOB", QByteArray::fromStdString(m_job)).toStdString();
        for (const char* accept : {"", "Accept: text/html\r\n"}) {
            RawClient client(m_server->port());
            const std::string rest =
                " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + std::string(accept);
            client.send("HEAD " + target + rest + "\r\n");
            const auto head = client.receive(true);
            QVERIFY(client.isClosedByServer());
            const auto whole = m_server->get(target, accept);
            QCOMPARE(head->status, whole.status);
            QCOMPARE(head->header("content-length"), whole.header("content-length"));
            QCOMPARE(head->header("content-type"), whole.header("content-type"));
        }
    }

    void headsWithoutALength() {
        for (const std::string& target : {"/v1/jobs/" + m_job + "/events", std::string("/?prompt=fox")}) {
            const auto head = fetch(m_server->port(), "HEAD", target);
            QCOMPARE(head->status, 200);
        }
    }

    void everyAnswerSaysWhatItIs_data() {
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<int>("status");
        const QByteArray host = "Host: localhost\r\n";
        const QByteArray body = "Content-Length: 2\r\n\r\n{}";
        const QByteArray json = "Content-Type: application/json\r\n";
        const auto row = [](const QByteArray& request, int status) {
            QTest::newRow(QByteArray::number(status).constData()) << request << status;
        };
        row("GET /livez HTTP/1.1\r\n" + host + "\r\n", 200);
        row("GET /livez HTTP/1.1\r\n\r\n", 400);
        row("POST /v1/jobs HTTP/1.1\r\n" + host + json + "Origin: http://evil\r\n" + body, 403);
        row("GET /x HTTP/1.1\r\n" + host + "\r\n", 404);
        row("PUT /livez HTTP/1.1\r\n" + host + "\r\n", 405);
        row("POST /v1/jobs HTTP/1.1\r\n" + host + body, 415);
        row("GET /livez HTTP/1.1\r\nHost: e\r\n\r\n", 421);
        row("POST /v1/jobs HTTP/1.1\r\n" + host + json + body, 422);
        row("GET /livez HTTP/1.1\r\n" + host + QByteArray("X: y\r\n").repeated(200) + "\r\n", 431);
    }

    void everyAnswerSaysWhatItIs() {
        QFETCH(QByteArray, request);
        QFETCH(int, status);
        RawClient client(m_server->port());
        client.send(request.toStdString());
        const auto answer = client.receive();
        QCOMPARE(answer->status, status);
        QVERIFY(answer->header("date").ends_with(" GMT"));
        QCOMPARE(answer->header("x-content-type-options"), std::string("nosniff"));
        QCOMPARE(answer->header("content-length"), std::to_string(answer->body.size()));
        if (status >= 400) {
            QCOMPARE(answer->header("content-type"), std::string("application/problem+json"));
            QCOMPARE(protocol::parseProblem(answer->body)->status, status);
        }
    }

    void damagedPicturesAreTold_data() {
        QTest::addColumn<std::function<void(const std::filesystem::path&)>>("damage");
        QTest::addColumn<QByteArray>("words");
        const auto row = [](const char* name, std::function<void(const std::filesystem::path&)> damage,
                            const char* words) { QTest::newRow(name) << damage << QByteArray(words); };
        namespace fs = std::filesystem;
        row(
            "cut", [](const fs::path& file) { fs::resize_file(file, 100); }, "100 bytes instead of");
        row(
            "longer", [](const fs::path& file) { fs::resize_file(file, 100'000); },
            "100000 bytes instead of");
        row(
            "empty", [](const fs::path& file) { fs::resize_file(file, 0); }, "0 bytes instead of");
        row(
            "missing", [](const fs::path& file) { fs::remove(file); }, "cannot be read");
        const auto replaced = [](auto with) {
            return [with](const fs::path& file) {
                fs::remove(file);
                with(file);
            };
        };
        row("FIFO", replaced([](const fs::path& file) { ::mkfifo(file.c_str(), 0600); }), "no plain file");
        row("folder", replaced([](const fs::path& file) { fs::create_directory(file); }), "no plain file");
        row("link", replaced([](const fs::path& file) { fs::create_symlink("/etc/passwd", file); }),
            "no plain file");
    }

    void damagedPicturesAreTold() {
        QFETCH(std::function<void(const std::filesystem::path&)>, damage);
        QFETCH(QByteArray, words);
        ApiServer server(std::make_unique<generator::TestPattern>());
        const std::string id = jobIn(server.post(R"({"prompt":"fox","seed":1})")).id;
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(server, id), std::string("succeeded"), 30'000);
        damage(server.queue().image(id, 0)->path);
        for (const char* fields : {"", "Range: bytes=0-9\r\n", "If-None-Match: *\r\n"}) {
            const auto response = server.get("/v1/jobs/" + id + "/images/0", fields);
            QCOMPARE(response.status, 500);
            QCOMPARE(response.header("cache-control"), std::string("no-store"));
            const std::string detail = problemIn(response).detail;
            QVERIFY2(detail.find(words.toStdString()) != std::string::npos, detail.c_str());
        }
        QCOMPARE(server.get("/livez").status, 200);
    }
};

QTEST_GUILESS_MAIN(TestPictures)
#include "test_pictures.moc"
