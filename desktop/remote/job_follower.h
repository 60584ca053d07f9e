// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <optional>
#include <string>

#include "desktop/remote/event_parser.h"
#include "shared/process/backoff.h"
#include "shared/protocol/job.h"

class QNetworkReply;

namespace easel::remote {

class Remote;

/// Follows one job's event stream to its end, across cuts: reconnects with growing pauses and
/// Last-Event-ID, takes a stream that has gone silent (no heartbeat) for dead, and merges each event into
/// the job as a whole. Owned by who follows; GUI thread.
class JobFollower : public QObject {
    Q_OBJECT

public:
    struct Timing {
        std::chrono::milliseconds silence{40'000};  ///< the server sends a heartbeat every 15 s
        std::chrono::milliseconds firstPause{500};  ///< before the first reconnect; doubles each time
        std::chrono::milliseconds longestPause{15'000};
    };

    JobFollower(Remote& remote, std::string jobId, QObject* parent = nullptr);
    JobFollower(Remote& remote, std::string jobId, Timing timing, QObject* parent = nullptr);
    ~JobFollower() override;

    void start();
    void stop();
    /// Ends a pause between two tries, as when the network is known to be back.
    void tryNow();
    const protocol::Job& job() const { return m_job; }

Q_SIGNALS:
    /// Any news: state, progress or an image.
    void changed(const easel::protocol::Job& job);
    /// What an image looks like so far; nothing else has changed.
    void previewed(const easel::protocol::Preview& preview);
    /// The job is over (see its state); the follower has stopped.
    void finished(const easel::protocol::Job& job);
    /// The server refuses to tell of this job (404: it has forgotten it); the follower has stopped.
    void lost(const easel::protocol::Problem& problem);

private:
    void open();
    void read();
    void take(const ServerEvent& event);
    void merge(protocol::JobEvent event);
    void closed();
    void retryLater();
    void drop();

    Remote& m_remote;
    protocol::Job m_job;
    std::optional<std::uint64_t> m_lastEvent;
    EventParser m_parser;
    QPointer<QNetworkReply> m_reply;
    QTimer m_silence;
    QTimer m_pause;
    process::Backoff m_backoff;
};

}  // namespace easel::remote
