// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/job_follower.h"

#include <QNetworkReply>

#include <algorithm>
#include <utility>

#include "desktop/remote/network_problem.h"
#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"

namespace easel::remote {

JobFollower::JobFollower(Remote& remote, std::string jobId, QObject* parent)
    : JobFollower(remote, std::move(jobId), Timing(), parent) {}

JobFollower::JobFollower(Remote& remote, std::string jobId, Timing timing, QObject* parent)
    : QObject(parent), m_remote(remote), m_backoff(timing.firstPause, timing.longestPause) {
    m_job.id = std::move(jobId);
    m_silence.setSingleShot(true);
    m_silence.setInterval(timing.silence);
    connect(&m_silence, &QTimer::timeout, this, &JobFollower::retryLater);
    m_pause.setSingleShot(true);
    connect(&m_pause, &QTimer::timeout, this, &JobFollower::open);
    // Another server knows nothing of this job.
    connect(&remote, &Remote::addressChanged, this, &JobFollower::stop);
}

JobFollower::~JobFollower() {
    drop();
}

void JobFollower::start() {
    if (!m_reply && !m_pause.isActive()) {
        open();
    }
}

void JobFollower::stop() {
    m_pause.stop();
    drop();
}

void JobFollower::tryNow() {
    m_backoff.reset();
    if (m_pause.isActive()) {
        open();
    }
}

void JobFollower::open() {
    m_pause.stop();
    m_parser = {};
    m_reply = m_remote.openEvents(m_job.id, m_lastEvent);
    connect(m_reply, &QNetworkReply::readyRead, this, &JobFollower::read);
    connect(m_reply, &QNetworkReply::finished, this, &JobFollower::closed);
    m_silence.start();
}

void JobFollower::read() {
    // The body of a refusal is read by closed(), when it is complete.
    if (m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() != 200) {
        return;
    }
    m_silence.start();
    m_parser.feed(m_reply->readAll());
    while (auto event = m_parser.next()) {
        take(*event);
        if (!m_reply) {
            return;
        }
    }
    if (m_parser.overflowed()) {
        retryLater();
    }
}

void JobFollower::take(const ServerEvent& event) {
    auto parsed = protocol::parseEvent({event.type.constData(), static_cast<std::size_t>(event.type.size())},
                                       {event.data.constData(), static_cast<std::size_t>(event.data.size())});
    // Kinds of events that a newer server may have are none of our business.
    if (!parsed) {
        return;
    }
    bool isNumber = false;
    const qulonglong id = event.id.toULongLong(&isNumber);
    if (isNumber) {
        m_lastEvent = id;
    }
    m_backoff.reset();
    if (const auto* preview = std::get_if<protocol::Preview>(&parsed->news)) {
        Q_EMIT previewed(*preview);
        return;
    }
    merge(std::move(*parsed));

    Q_EMIT changed(m_job);
    if (protocol::isFinished(m_job.state) && m_reply) {
        stop();
        Q_EMIT finished(m_job);
    }
}

void JobFollower::merge(protocol::JobEvent event) {
    std::visit(
        protocol::Overloaded{[this](protocol::Job& job) { m_job = std::move(job); },
                             [this](const protocol::Progress& progress) { m_job.progress = progress; },
                             [this](protocol::ImageInfo& image) {
                                 if (std::ranges::find(m_job.images, image.index,
                                                       &protocol::ImageInfo::index) == m_job.images.end()) {
                                     m_job.images.push_back(std::move(image));
                                 }
                             },
                             [](const protocol::Preview&) {}},
        event.news);
}

void JobFollower::closed() {
    const int status = m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const auto problem = problemOf(*m_reply, m_reply->isOpen() ? m_reply->readAll() : QByteArray());
    const bool canHelp = problem && (isPassing(*problem) || isLockedOut(*problem));
    if (problem && status >= 400 && status < 500 && !canHelp) {
        stop();
        Q_EMIT lost(*problem);
        return;
    }
    retryLater();
}

void JobFollower::retryLater() {
    drop();
    m_pause.start(m_backoff.next());
}

void JobFollower::drop() {
    m_silence.stop();
    if (!m_reply) {
        return;
    }
    m_reply->disconnect(this);
    m_reply->abort();
    m_reply->deleteLater();
    m_reply = nullptr;
}

}  // namespace easel::remote
