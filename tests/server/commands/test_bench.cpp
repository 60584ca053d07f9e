// SPDX-License-Identifier: Apache-2.0
// The benchmark's plan and figures, and the whole of it against a test pattern.
#include <signal.h>

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>
#include <numeric>
#include <set>

#include "server/commands/bench_client.h"
#include "server/commands/bench_plan.h"
#include "shared/protocol/samplers.h"
#include "shared/protocol/validation.h"
#include "tests/server/commands/program.h"

using namespace easel;
using namespace easel::commands;

namespace {

std::vector<double> numbersTo(int last) {
    std::vector<double> numbers(static_cast<std::size_t>(last));
    std::iota(numbers.rbegin(), numbers.rend(), 1);
    return numbers;
}

QJsonObject parsed(const QByteArray& text) {
    return QJsonDocument::fromJson(text).object();
}

}  // namespace

class BenchTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void percentilesAreMeasurements() {
        const Percentiles hundred = percentilesOf(numbersTo(100));
        QCOMPARE(hundred.p50, 50.0);
        QCOMPARE(hundred.p95, 95.0);
        QCOMPARE(hundred.p99, 99.0);
        const Percentiles one = percentilesOf({7});
        QCOMPARE(one.p50, 7.0);
        QCOMPARE(one.p99, 7.0);
        const Percentiles none = percentilesOf({});
        QCOMPARE(none.p50, 0.0);
        QCOMPARE(percentilesOf(numbersTo(3)).p50, 2.0);
        QCOMPARE(percentilesOf(numbersTo(4)).p95, 4.0);
    }

    void thePlanIsTheSameForTheSameSeedAndCanBeDrawn() {
        protocol::ServerInfo server;
        server.samplers = protocol::describeSamplers();
        protocol::ModelInfo model;
        model.id = "tiny";
        model.width = model.height = 128;
        model.steps = 15;
        const auto plan = benchPlan(server, model, 100, 3);
        QCOMPARE(plan.size(), std::size_t{100});
        QVERIFY(plan == benchPlan(server, model, 100, 3));
        QVERIFY(plan != benchPlan(server, model, 100, 4));
        std::set<std::string> samplers;
        std::set<int> sizes;
        std::set<int> steps;
        for (const auto& request : plan) {
            const auto settings = protocol::resolve(request, model, server.limits, [] { return 1; });
            QVERIFY2(settings, settings ? "" : settings.error().detail.c_str());
            samplers.insert(settings->sampler);
            sizes.insert(settings->width);
            steps.insert(settings->steps);
        }
        QCOMPARE(samplers.size(), protocol::samplerKinds().size());
        QVERIFY((sizes == std::set<int>{64, 128}));
        QCOMPARE(steps.size(), std::size_t{3});

        model.width = model.height = server.limits.minSide;  // half of it would be too small
        model.steps = 1;
        for (const auto& request : benchPlan(server, model, 50, 1)) {
            QVERIFY(protocol::resolve(request, model, server.limits, [] { return 1; }));
        }
    }

    void figuresAreToldInWordsAndJson() {
        BenchFigures alone{.pictures = 10, .seconds = 20, .untilFirstStep = {1, 2}, .untilDone = {2, 4}};
        BenchFigures together{.pictures = 10, .failures = 2, .firstFailure = "No.", .seconds = 10};
        const std::string words = inWords(alone, together, 8);
        for (const char* word : {"30.00", "60.00", "2.00", "8 clients", "2 requests failed", "No."}) {
            QVERIFY2(words.find(word) != std::string::npos, words.c_str());
        }
        const QJsonObject json = parsed(QByteArray::fromStdString(inJson(alone, together, 8)));
        QCOMPARE(json["ratio"].toDouble(), 2.0);
        QCOMPARE(json["one_after_another"]["request_seconds"]["p95"].toDouble(), 4.0);
        QCOMPARE(json["together"]["failures"].toInt(), 2);
        QCOMPARE(parsed(QByteArray::fromStdString(inJson({}, {}, 1)))["ratio"].toDouble(), 0.0);
    }

    void addresses() {
        const auto isAt = [](const char* url, const char* host, const char* port) {
            const auto server = serverAddress(url);
            return server && server->host == host && server->port == port;
        };
        QVERIFY(isAt("http://127.0.0.1:5001", "127.0.0.1", "5001"));
        QVERIFY(isAt("http://gpu.example/", "gpu.example", "5000"));
        QVERIFY(isAt("http://[::1]:80/x", "::1", "80"));
        QVERIFY(isAt("http://[::1]", "::1", "5000"));
        for (const char* url : {"", "gpu", "https://gpu", "http://", "http://:80",
                                "http://gpu:", "http://gpu:0", "http://gpu:65536", "http://gpu:x"}) {
            QVERIFY2(!serverAddress(url), url);
        }
    }

    void drawsEverythingTwiceOnAServerOfItsOwn() {
        Program bench({"bench", "--model", "test-pattern:1", "--requests", "6", "--clients", "3", "--json"});
        QCOMPARE(bench.waitForEnd(), 0);
        const QJsonObject json = parsed(bench.output());
        QVERIFY2(!json.isEmpty(), bench.output() + bench.errors());
        QCOMPARE(json["clients"].toInt(), 3);
        for (const char* round : {"one_after_another", "together"}) {
            QCOMPARE(json[round]["pictures"].toInt(), 6);
            QCOMPARE(json[round]["failures"].toInt(), 0);
            QVERIFY(json[round]["pictures_per_minute"].toDouble() > 0);
            QVERIFY(json[round]["first_step_seconds"]["p50"].toDouble() > 0);
            QVERIFY(json[round]["first_step_seconds"]["p50"].toDouble() <=
                    json[round]["request_seconds"]["p50"].toDouble());
        }
    }

    void aSignalEndsItWithTheFiguresSoFar() {
        Program bench({"bench", "--model", "test-pattern:1", "--requests", "100000", "--clients", "2"});
        QVERIFY(bench.waitForError("Drawing"));
        bench.signal(SIGINT);
        QCOMPARE(bench.waitForEnd(), 130);
        QVERIFY2(bench.output().contains("pictures a minute"), bench.output());
    }

    void killedItTakesItsServerAlong() {
        Program bench({"bench", "--model", "test-pattern:1", "--requests", "100000", "--clients", "2"});
        QList<qint64> servers;
        QVERIFY(QTest::qWaitFor([&] { return !(servers = childrenOf(bench.pid())).isEmpty(); }, 60'000));
        bench.signal(SIGKILL);
        QVERIFY(QTest::qWaitFor([&] { return !isAlive(servers.first()); }, 60'000));
    }

    void whatIsWrongIsNamed_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("named");
        const auto row = [](const char* name, const QStringList& arguments, int status, const char* word) {
            QTest::newRow(name) << arguments << status << QByteArray(word);
        };
        row("no clients", {"--clients", "0"}, 2, "--clients");
        row("too many", {"--clients", "257"}, 2, "--clients");
        row("no requests", {"--requests", "0"}, 2, "--requests");
        row("no address", {"--url", "gpu"}, 2, "http://127.0.0.1:5000");
        row("nobody there", {"--url", "http://127.0.0.1:9"}, 1, "127.0.0.1:9");
        row("a model for another's server", {"--url", "http://127.0.0.1:9", "--model", "/tmp"}, 2, "--model");
    }

    void whatIsWrongIsNamed() {
        QFETCH(QStringList, arguments);
        QFETCH(int, status);
        QFETCH(QByteArray, named);
        Program bench(QStringList{"bench"} + arguments);
        QCOMPARE(bench.waitForEnd(), status);
        QVERIFY2(bench.errors().contains(named), bench.errors());
    }
};

QTEST_GUILESS_MAIN(BenchTest)
#include "test_bench.moc"
