// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <thread>
#include <vector>

#include <QTest>

#include "server/metrics/families.h"

using namespace easel::metrics;

/// Against the format's own description.
class TestMetrics : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aGaugeIsOneSample() {
        Exposition text;
        text.gauge("easel_queue_paused", "Whether nothing is started.", 1);
        QCOMPARE(text.take(), std::string("# HELP easel_queue_paused Whether nothing is started.\n"
                                          "# TYPE easel_queue_paused gauge\n"
                                          "easel_queue_paused 1\n"));
    }

    void textsAreEscaped() {
        Exposition text;
        text.family("a", "gauge", "back\\slash,\nline and \"quote\"");
        text.sample({{"device", "back\\slash,\nline and \"quote\""}, {"id", "0"}}, 0.25);
        QCOMPARE(text.take(),
                 std::string("# HELP a back\\\\slash,\\nline and \"quote\"\n"
                             "# TYPE a gauge\n"
                             "a{device=\"back\\\\slash,\\nline and \\\"quote\\\"\",id=\"0\"} 0.25\n"));
    }

    void oddNumbersHaveNames() {
        Exposition text;
        text.family("a", "gauge", "-");
        text.sample({}, std::numeric_limits<double>::infinity());
        text.sample({}, -std::numeric_limits<double>::infinity());
        text.sample({}, std::numeric_limits<double>::quiet_NaN());
        text.sample({}, 9007199254740991.0);
        QVERIFY(text.take().ends_with("a +Inf\na -Inf\na NaN\na 9007199254740991\n"));
    }

    void countersGrow() {
        Counters jobs("easel_jobs_total", "Jobs.");
        jobs.add({{"outcome", "succeeded"}});
        jobs.add({{"outcome", "failed"}}, 0);
        jobs.add({{"outcome", "succeeded"}}, 2);
        Exposition text;
        jobs.write(text);
        QCOMPARE(text.take(), std::string("# HELP easel_jobs_total Jobs.\n"
                                          "# TYPE easel_jobs_total counter\n"
                                          "easel_jobs_total{outcome=\"failed\"} 0\n"
                                          "easel_jobs_total{outcome=\"succeeded\"} 3\n"));
    }

    void bucketsAreCumulative() {
        Histograms wait("wait_seconds", "Waits.", {0.5, 1, 10});
        for (const double seconds : {0.5, 0.6, 1.0, 9.0, 11.0}) {
            wait.observe({{"kind", "a"}}, seconds);
        }
        Exposition text;
        wait.write(text);
        QCOMPARE(text.take(), std::string("# HELP wait_seconds Waits.\n"
                                          "# TYPE wait_seconds histogram\n"
                                          "wait_seconds_bucket{kind=\"a\",le=\"0.5\"} 1\n"
                                          "wait_seconds_bucket{kind=\"a\",le=\"1\"} 3\n"
                                          "wait_seconds_bucket{kind=\"a\",le=\"10\"} 4\n"
                                          "wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 5\n"
                                          "wait_seconds_sum{kind=\"a\"} 22.1\n"
                                          "wait_seconds_count{kind=\"a\"} 5\n"));
    }

    void manyThreadsMayCount() {
        Counters counters("n_total", "-");
        Histograms histograms("h", "-", {1});
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 10'000; ++k) {
                    counters.add({});
                    histograms.observe({}, k % 3);
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        Exposition text;
        counters.write(text);
        histograms.write(text);
        const std::string all = text.take();
        QVERIFY(all.find("n_total 40000\n") != std::string::npos);
        QVERIFY(all.find("h_count 40000\n") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestMetrics)
#include "test_metrics.moc"
