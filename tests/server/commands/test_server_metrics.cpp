// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/commands/server_metrics.h"

using namespace easel;
using commands::ServerMetrics;
using protocol::Job;
using protocol::JobEvent;
using protocol::JobState;
using protocol::Stage;

namespace {

Job jobIn(JobState state, const std::string& id = "j_1") {
    Job job;
    job.id = id;
    job.state = state;
    job.createdAt = 1'000'000;
    if (state == JobState::Running || isFinished(state)) {
        job.attempt = 1;
        job.startedAt = 1'002'000;
    }
    if (isFinished(state)) {
        job.finishedAt = 1'006'000;
    }
    return job;
}

JobEvent news(Job job) {
    return {1, job.id, job};
}

JobEvent progress(Stage stage, int step, const std::string& id = "j_1") {
    return {1, id, protocol::Progress{stage, step, 10, {}}};
}

/// A line of it.
bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

class TestServerMetrics : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aJobIsCountedOnce() {
        ServerMetrics metrics;
        metrics.heard(news(jobIn(JobState::Queued)));
        metrics.heard(news(jobIn(JobState::Running)));
        metrics.heard(progress(Stage::Encoding, 0));
        metrics.heard(progress(Stage::Denoising, 0));
        metrics.heard(progress(Stage::Denoising, 4));
        metrics.heard(progress(Stage::Denoising, 10));
        metrics.heard(progress(Stage::Decoding, 10));
        metrics.heard({1, "j_1", protocol::Preview{}});
        metrics.heard({1, "j_1", protocol::ImageInfo{}});
        Job done = jobIn(JobState::Succeeded);
        done.progress = {Stage::Decoding, 10, 10, {}};
        metrics.heard(news(done));
        const std::string text = metrics.text({});
        QVERIFY(has(text, "easel_jobs_total{outcome=\"succeeded\"} 1"));
        QVERIFY(has(text, "easel_jobs_total{outcome=\"failed\"} 0"));
        QVERIFY(has(text, "easel_steps_total 10"));
        QVERIFY(has(text, "easel_images_total 1"));
        QVERIFY(has(text, "easel_queue_wait_seconds_sum 2"));
        QVERIFY(has(text, "easel_job_duration_seconds_sum 4"));
        for (const char* const stage : {"encoding", "denoising", "decoding"}) {
            QVERIFY(has(text, "easel_stage_seconds_count{stage=\"" + std::string(stage) + "\"} 1"));
        }
    }

    /// One that is lost and drawn again waited once, and what was drawn twice counts twice.
    void aSecondAttemptIsNoSecondWait() {
        ServerMetrics metrics;
        metrics.heard(news(jobIn(JobState::Queued)));
        metrics.heard(news(jobIn(JobState::Running)));
        metrics.heard(progress(Stage::Denoising, 6));
        metrics.heard(news(jobIn(JobState::Queued)));
        Job again = jobIn(JobState::Running);
        again.attempt = 2;
        metrics.heard(news(again));
        metrics.heard(progress(Stage::Denoising, 10));
        metrics.heard(news(jobIn(JobState::Failed)));
        const std::string text = metrics.text({});
        QVERIFY(has(text, "easel_steps_total 16"));
        QVERIFY(has(text, "easel_queue_wait_seconds_count 1"));
        QVERIFY(has(text, "easel_jobs_total{outcome=\"failed\"} 1"));
        QVERIFY(text.find("easel_job_duration_seconds_count") == std::string::npos);
    }

    /// What was drawn by the process before this one is not this one's.
    void whatIsFoundRunningCountsFromThere() {
        ServerMetrics metrics;
        Job found = jobIn(JobState::Running);
        found.progress = {Stage::Denoising, 7, 10, {}};
        metrics.heard(news(found));
        metrics.heard(progress(Stage::Denoising, 9));
        metrics.heard(progress(Stage::Denoising, 9, "j_unknown"));
        QVERIFY(has(metrics.text({}), "easel_steps_total 2"));
    }

    void requestsAreCountedByRoute() {
        ServerMetrics metrics;
        using namespace std::chrono_literals;
        metrics.answered({"1", "127.0.0.1", "GET", "/v1/jobs/j_1", "/v1/jobs/{id}", 200, 20ms, {}});
        metrics.answered({"2", "127.0.0.1", "GET", "/v1/jobs/j_2", "/v1/jobs/{id}", 200, 20ms, {}});
        metrics.answered({"3", "127.0.0.1", "BREW", "/pot", "", 404, 0ms, {}});
        metrics.answered({"4", "127.0.0.1", "STIR", "/pot", "", 404, 0ms, {}});
        metrics.answered({"", "127.0.0.1", "", "", "", 0, 0ms, "no TLS"});
        const std::string text = metrics.text({});
        QVERIFY(has(text,
                    "http_server_request_duration_seconds_count{http_request_method=\"GET\","
                    "http_response_status_code=\"200\",http_route=\"/v1/jobs/{id}\"} 2"));
        QVERIFY(has(text,
                    "http_server_request_duration_seconds_count{http_request_method=\"_OTHER\","
                    "http_response_status_code=\"404\",http_route=\"\"} 2"));
        QVERIFY(text.find("http_response_status_code=\"0\"") == std::string::npos);
    }

    void whatIsNowIsTold() {
        ServerMetrics metrics;
        ServerMetrics::Present present;
        present.server.version = "1.2.3";
        present.server.ready = true;
        present.server.queued = 3;
        present.devices = {
            {.id = "0", .device = "cuda:0", .state = protocol::DeviceState::Ready, .running = 2},
            {.id = "1", .device = "cuda:1"}};
        present.tallies = {{.passes = 10, .drawn = 25, .losses = 1}, {}};
        QVERIFY(metrics.text(present).find("easel_queue_backlog_seconds") == std::string::npos);
        present.backlogSeconds = 12.5;
        const std::string text = metrics.text(present);
        for (const char* const line :
             {"easel_build_info{version=\"1.2.3\"} 1", "easel_ready 1",
              "easel_queue_jobs{state=\"queued\"} 3", "easel_queue_backlog_seconds 12.5",
              "easel_device_ready{device=\"cuda:0\",id=\"0\"} 1",
              "easel_device_ready{device=\"cuda:1\",id=\"1\"} 0",
              "easel_device_jobs{device=\"cuda:0\",id=\"0\"} 2",
              "easel_forward_passes_total{device=\"cuda:0\",id=\"0\"} 10",
              "easel_forward_pass_pictures_total{device=\"cuda:0\",id=\"0\"} 25",
              "easel_worker_restarts_total{device=\"cuda:0\",id=\"0\"} 1"}) {
            QVERIFY2(has(text, line), line);
        }
    }
};

QTEST_GUILESS_MAIN(TestServerMetrics)
#include "test_server_metrics.moc"
