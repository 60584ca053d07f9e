// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "shared/protocol/log_lines.h"
#include "tests/server/api/answers.h"

using namespace easel;
using namespace easel::tests;
using protocol::KeyScope;

namespace {

std::vector<std::string> linesIn(const RawResponse& response) {
    return protocol::parseLogLines(response.body).value();
}

}  // namespace

/// The log over HTTP; that of ApiServer has the lines 1 to 1500.
class TestLogApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsTheLastLines() {
        ApiServer server;
        const auto usual = server.get("/v1/log");
        QCOMPARE(usual.status, 200);
        QCOMPARE(usual.header("cache-control"), std::string("no-store"));
        QCOMPARE(linesIn(usual).size(), std::size_t{protocol::kUsualLogLines});
        QCOMPARE(linesIn(usual).front(), std::string("1301"));
        QCOMPARE(linesIn(usual).back(), std::string("1500"));
        QCOMPARE(server.get("/v1/log?lines=2").body, std::string(R"({"lines":["1499","1500"]})"));
        QCOMPARE(linesIn(server.get("/v1/log?lines=1000")).size(), std::size_t{1000});
    }

    void refusesWhatItCannotTell_data() {
        QTest::addColumn<QByteArray>("query");
        QTest::addColumn<QByteArray>("field");
        QTest::newRow("none") << QByteArray("lines=0") << QByteArray("lines");
        QTest::newRow("fewer") << QByteArray("lines=-1") << QByteArray("lines");
        QTest::newRow("too many") << QByteArray("lines=1001") << QByteArray("lines");
        QTest::newRow("beyond all numbers")
            << QByteArray("lines=99999999999999999999") << QByteArray("lines");
        QTest::newRow("words") << QByteArray("lines=all") << QByteArray("lines");
        QTest::newRow("nothing") << QByteArray("lines=") << QByteArray("lines");
        QTest::newRow("twice") << QByteArray("lines=1&lines=2") << QByteArray("lines");
        QTest::newRow("another field") << QByteArray("limit=5") << QByteArray("limit");
    }

    void refusesWhatItCannotTell() {
        QFETCH(QByteArray, query);
        QFETCH(QByteArray, field);
        ApiServer server;
        const auto refused = server.get("/v1/log?" + query.toStdString());
        QCOMPARE(refused.status, 422);
        QCOMPARE(problemIn(refused).field.value_or(""), field.toStdString());
    }

    void isForAdminsAlone() {
        ApiServer server;
        const std::string root = server.makeKey("root", KeyScope::Admin);
        const std::string laptop = server.makeKey("laptop");
        QCOMPARE(server.get("/v1/log").status, 401);
        const auto refused = server.get("/v1/log", laptop);
        QCOMPARE(refused.status, 403);
        QCOMPARE(problemIn(refused).code, std::string("scope_missing"));
        QVERIFY(refused.body.find("1500") == std::string::npos);
        QCOMPARE(server.get("/v1/log?lines=0", laptop).status, 403);
        QCOMPARE(server.get("/v1/log", root).status, 200);
        QCOMPARE(server.request("POST", "/v1/log", root).status, 405);
    }

    void mayBeEmpty() {
        ApiServer server;
        api::Service service = server.service();
        service.log = {};
        const auto listener = http::Listener::start({}, api::makeRouter(service)).value();
        QCOMPARE(fetch(listener->port(), "GET", "/v1/log").value_or(RawResponse()).body,
                 std::string(R"({"lines":[]})"));
    }
};

QTEST_GUILESS_MAIN(TestLogApi)
#include "test_log_api.moc"
