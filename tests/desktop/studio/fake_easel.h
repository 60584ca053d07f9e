// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QImage>
#include <QList>
#include <QPointer>
#include <QTcpSocket>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/addon_info.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/token_count.h"
#include "tests/desktop/remote/fake_picture.h"
#include "tests/desktop/remote/fake_server.h"

namespace easel::tests {

/// A server that speaks Easel's protocol and draws exactly when a test tells it to: jobs, idempotency keys,
/// event streams and images, all in memory. What it knows survives stop() and start().
class FakeEasel {
public:
    FakeEasel();
    /// Over TLS.
    explicit FakeEasel(const Identity& identity);

    FakeServer& http() { return m_http; }
    QUrl url() const { return m_http.url(); }

    protocol::ServerInfo info;
    /// Set: what POST /v1/jobs answers instead of taking the job.
    std::optional<protocol::Problem> refusal;
    /// True: a job is taken, but the connection is cut before the answer.
    bool losesAnswers = false;
    FakePicture pictures;

    /// Set: what GET /v1/log answers; else it is a server from before there was such a route.
    std::optional<protocol::Expected<std::vector<std::string>>> log;

    /// Set: what POST /v1/tokens answers; else it is a server from before there was such a route.
    std::optional<protocol::TokenCount> tokens;
    /// What can be added to its models.
    std::vector<protocol::AddonInfo> addons;

    /// The pictures that it was sent, by their ids, and how often any was.
    std::map<std::string, QByteArray> inputs;
    int inputsTaken = 0;
    /// Set: what POST /v1/inputs answers instead of taking the picture.
    std::optional<protocol::Problem> inputRefusal;

    /// Its models beside the default one, and what its hub has.
    struct Shelf {
        std::vector<protocol::ModelInfo> models;
        std::vector<protocol::PullInfo> pulls;  ///< the newest first
        bool mayPull = true;
        std::int64_t freeBytes = 50'000'000'000;
        std::vector<protocol::HubHit> hits;
        std::optional<protocol::HubModel> offer;
        /// Set: what it answers instead of doing something.
        std::optional<protocol::Problem> refusal;
    };
    Shelf shelf;

    /// Set: every request needs it; others are answered 401.
    std::optional<QByteArray> key;
    /// Set: the ticket that is good once for `key`.
    std::optional<QByteArray> ticket;

    int jobCount() const { return static_cast<int>(m_jobs.size()); }
    bool hasJob(const std::string& id) const { return m_jobs.contains(id); }
    const protocol::Job& job(const std::string& id) const { return m_jobs.at(id); }
    int streamCount(const std::string& id) const;

    void run(const std::string& id);
    void step(const std::string& id, int step, int steps);
    /// What an image of the job looks like so far; or all of one colour.
    void preview(const std::string& id, int index, const QImage& look);
    void preview(const std::string& id, int index, Qt::GlobalColor color);
    /// The next image of the job is ready.
    void finishImage(const std::string& id);
    void hold(const std::string& id, const protocol::Hold& why);
    void finish(const std::string& id, protocol::JobState state, std::optional<protocol::Problem> error = {});
    /// All of the above: run, every image, succeeded.
    void draw(const std::string& id);
    /// The streams of the job stay open, but nothing arrives on them any more.
    void deafen(const std::string& id) { m_streams.remove(QString::fromStdString(id)); }
    void forget(const std::string& id) { m_jobs.erase(id); }

private:
    explicit FakeEasel(const Identity* identity);
    void handle(const FakeRequest& request, QTcpSocket& socket);
    bool letsIn(const FakeRequest& request) const;
    QByteArray pair(const FakeRequest& request);
    QByteArray createJob(const FakeRequest& request);
    QByteArray takeInput(const QByteArray& file);
    /// What concerns models; empty where `request` does not.
    QByteArray answerOfShelf(const FakeRequest& request);
    protocol::PullInfo addPull(protocol::PullTask task, const protocol::PullRequest& request);
    using News = decltype(protocol::JobEvent::news);

    void tell(const std::string& id, News news);
    QByteArray event(const std::string& id, News news);

    std::map<std::string, protocol::Job> m_jobs;
    std::map<QByteArray, std::string> m_keys;
    std::map<std::string, QByteArray> m_owners;  ///< a key sees its own jobs
    QHash<QString, QList<QPointer<QTcpSocket>>> m_streams;
    std::uint64_t m_sequence = 0;
    int m_made = 0;
    FakeServer m_http;
};

}  // namespace easel::tests
