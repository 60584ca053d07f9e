// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/task.h"

#include <algorithm>

#include "desktop/gallery/decode.h"
#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/remote/job_follower.h"
#include "desktop/remote/partial_image.h"
#include "desktop/remote/remote.h"
#include "desktop/studio/input_sender.h"

namespace easel::studio {

using namespace std::chrono_literals;
using protocol::Expected;
using protocol::JobState;
using protocol::Problem;

namespace {

constexpr auto kFirstPause = 1'000ms;
constexpr auto kLongestPause = 15'000ms;
constexpr auto kDiskPause = 10'000ms;

Problem forgotten() {
    return {
        404, kForgotten, QObject::tr("The server has forgotten this job").toStdString(),
        QObject::tr("Its time on the server ran out, or it was deleted there. Retry draws the same picture "
                    "again.")
            .toStdString(),
        std::nullopt};
}

Problem cancelledElsewhere() {
    return {409, "cancelled_elsewhere", QObject::tr("Cancelled on the server").toStdString(),
            QObject::tr("Somebody else cancelled this job. Retry asks for it again.").toStdString(),
            std::nullopt};
}

bool isOfPicture(const std::string& field) {
    return field == "init_image" || field == "mask" || field == "controls";
}

Problem withoutReason() {
    return {500, "generation_failed", QObject::tr("The picture could not be made").toStdString(),
            QObject::tr("The server gave no reason; its log may know more.").toStdString(), std::nullopt};
}

}  // namespace

Task::Task(remote::Remote& remote, gallery::PictureStore& store, InputSender& inputs, TaskRecord record,
           QObject* parent)
    : QObject(parent),
      m_remote(remote),
      m_store(store),
      m_inputs(inputs),
      m_record(std::move(record)),
      m_backoff(kFirstPause, kLongestPause) {
    m_job.id = m_record.jobId;
    if (m_record.settings) {
        m_job.settings = *m_record.settings;
    }
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &Task::advance);
}

Task::~Task() = default;

bool Task::wantsStream() const {
    return !m_ended && !hasFailed() && !m_record.jobId.empty() && !protocol::isFinished(m_job.state);
}

void Task::bindTo(const QUrl& server, const std::string& id) {
    if (m_record.server == server && m_record.serverId == id) {
        return;
    }
    m_record.server = server;
    m_record.serverId = id;
    Q_EMIT recordChanged();
    Q_EMIT changed();
}

void Task::setReach(Reach reach) {
    m_waited = m_waited || reach != Reach::Here;
    if (reach == m_reach) {
        return;
    }
    const bool wasAwake = isAwake();
    m_reach = reach;
    if (isAwake() != wasAwake) {
        m_backoff.reset();
        m_again.stop();
    }
    if (isAwake()) {
        m_trouble.reset();
        if (m_follower) {
            m_follower->tryNow();
            m_follower->start();  // It has stopped if the way to the server is another now.
        }
        advance();
    }
    Q_EMIT changed();
}

void Task::setFollowing(bool following) {
    m_mayFollow = following;
    if (following && wantsStream() && !m_follower) {
        openStream();
    } else if (!following) {
        closeStream();
    }
}

void Task::cancel() {
    if (m_ended || hasFailed() || m_record.cancelled) {
        return;
    }
    m_record.cancelled = true;
    Q_EMIT recordChanged();
    Q_EMIT changed();
    advance();
}

void Task::advance() {
    if (m_ended || hasFailed() || m_calling) {
        return;
    }
    // What the server has never heard of needs no word to be cancelled.
    if (m_record.cancelled && m_record.jobId.empty() && !m_record.sent) {
        return end();
    }
    if (!isAwake() || m_again.isActive()) {
        return;
    }
    if (m_record.jobId.empty() && m_inputs.mustSend(m_record.request)) {
        sendInputs();
    } else if (m_record.jobId.empty()) {
        send();
    } else if (m_record.cancelled && !m_cancelConfirmed) {
        sendCancel();
    } else if (const protocol::ImageInfo* image = nextImage()) {
        fetch(*image);
    } else if (protocol::isFinished(m_job.state)) {
        conclude();
    }
}

void Task::sendInputs() {
    m_calling = true;
    m_sentInputs = 0;
    const auto sent = [this](const Expected<void>& all) {
        m_calling = false;
        m_sentInputs.reset();
        if (!all) {
            return onCallFailed(all.error());
        }
        advance();
    };
    m_inputs.send(m_record.request, this, sent, [this](double done) {
        m_sentInputs = done;
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

bool Task::mendInputs(const Problem& problem) {
    if (m_mendedInputs || problem.status != 422 || !problem.field || !isOfPicture(*problem.field)) {
        return false;
    }
    m_mendedInputs = true;
    return m_inputs.forget(m_record.request);
}

void Task::send() {
    m_calling = true;
    if (!m_record.sent) {  // Else the server may have it, and the same request has to come again.
        m_record.request.previewEvery = m_previewEvery;
    }
    m_record.sent = true;
    Q_EMIT recordChanged();
    m_remote.createJob(m_record.request, m_record.id, this, [this](Expected<protocol::Job> job) {
        m_calling = false;
        if (!job && mendInputs(job.error())) {
            return advance();
        }
        if (!job) {
            return onCallFailed(inWords(job.error()));
        }
        m_record.jobId = job->id;
        m_record.keyId = m_keyId;
        m_record.settings = job->settings;
        Q_EMIT recordChanged();
        learn(*job);
    });
    Q_EMIT changed();
}

Problem Task::inWords(Problem problem) const {
    if (problem.status == 422 && problem.field && isOfPicture(*problem.field) &&
        m_inputs.isMissing(m_record.request, *problem.field)) {
        problem.detail = tr("The picture is neither on this computer nor at the server any more. Choose it "
                            "again, or take it out.")
                             .toStdString();
    }
    return problem;
}

void Task::sendCancel() {
    m_calling = true;
    m_remote.cancelJob(m_record.jobId, this, [this](Expected<protocol::Job> job) {
        m_calling = false;
        // 409: it was over before we could say so; the stream tells how it ended.
        if (!job && job.error().status != 409) {
            return onCallFailed(job.error());
        }
        m_cancelConfirmed = true;
        learn(job.value_or(m_job));
    });
}

void Task::fetch(const protocol::ImageInfo& image) {
    m_calling = true;
    if (!m_part || m_partOf != image.index) {
        m_part = std::make_shared<remote::PartialImage>();
        m_partOf = image.index;
    }
    const auto fetched = [this, image](Expected<QByteArray> bytes) {
        m_calling = false;
        if (!bytes) {
            return onCallFailed(bytes.error());
        }
        m_part.reset();
        keep(image, *bytes);
    };
    m_remote.image(m_record.jobId, image.index, this, fetched, {}, m_part);
    Q_EMIT changed();
}

void Task::keep(const protocol::ImageInfo& image, const QByteArray& bytes) {
    m_calling = true;
    m_store.add(bytes, settingsOf(image), this, [this, image](const Expected<gallery::Picture>& picture) {
        m_calling = false;
        if (!picture) {
            return cannotKeep(picture.error());
        }
        m_trouble.reset();
        m_backoff.reset();
        m_record.saved.push_back(image.index);
        Q_EMIT recordChanged();
        Q_EMIT saved(*picture);
        Q_EMIT changed();
        advance();
    });
}

void Task::cannotKeep(const Problem& problem) {
    if (problem.code == gallery::kBrokenPicture) {
        return fail(problem);
    }
    // The server keeps the picture; ours is to wait until there is room for it.
    m_trouble = problem;
    tryAgainIn(kDiskPause);
    Q_EMIT storageTrouble(problem);
}

void Task::conclude() {
    const bool complete = static_cast<int>(m_record.saved.size()) >= m_job.settings.count;
    if (m_record.cancelled || (m_job.state == JobState::Succeeded && complete)) {
        return end();
    }
    switch (m_job.state) {
        case JobState::Succeeded:
            return fail(forgotten());
        case JobState::Cancelled:
            return fail(cancelledElsewhere());
        default:
            return fail(m_job.error.value_or(withoutReason()));
    }
}

void Task::take(const protocol::Job& job) {
    const bool again = job.attempt > m_job.attempt || job.progress.step < m_job.progress.step;
    m_startedAgain = m_startedAgain || (m_job.progress.step > 0 && again);
    if (again || job.state == JobState::Queued || job.state == JobState::Held) {
        forgetPreview();
    }
    m_job = job;
}

void Task::show(const protocol::Preview& preview) {
    // Pictures that are drawn together take turns: the tile stays with one until that is done.
    const bool isDone =
        std::ranges::find(m_job.images, m_previewOf, &protocol::ImageInfo::index) != m_job.images.end();
    if (!m_preview.isNull() && preview.index > m_previewOf && !isDone) {
        return;
    }
    const QByteArray bytes(preview.bytes.data(), static_cast<qsizetype>(preview.bytes.size()));
    const QImage image = gallery::decodeReceived(bytes, QByteArray::fromStdString(preview.contentType),
                                                 protocol::kMaxPreviewSide);
    if (!image.isNull()) {
        m_preview = image;
        m_previewOf = preview.index;
        Q_EMIT changed();
    }
}

void Task::forgetPreview() {
    m_preview = {};
    m_previewOf = 0;
}

void Task::learn(const protocol::Job& job) {
    take(job);
    m_trouble.reset();
    m_backoff.reset();
    setFollowing(m_mayFollow);
    Q_EMIT changed();
    advance();
}

const protocol::ImageInfo* Task::nextImage() const {
    const auto isMissing = [this](const protocol::ImageInfo& image) {
        return std::ranges::find(m_record.saved, image.index) == m_record.saved.end();
    };
    const auto image = std::ranges::find_if(m_job.images, isMissing);
    return image == m_job.images.end() ? nullptr : &*image;
}

protocol::GenerationSettings Task::settingsOf(const protocol::ImageInfo& image) const {
    protocol::GenerationSettings settings = m_job.settings;
    settings.seed = image.seed;
    settings.count = 1;
    return settings;
}

void Task::openStream() {
    m_follower = new remote::JobFollower(m_remote, m_record.jobId, this);
    connect(m_follower, &remote::JobFollower::changed, this, [this](const protocol::Job& job) {
        take(job);
        Q_EMIT changed();
        advance();
    });
    connect(m_follower, &remote::JobFollower::previewed, this, &Task::show);
    connect(m_follower, &remote::JobFollower::lost, this, [this](const Problem& problem) {
        if (m_record.cancelled) {
            return end();
        }
        fail(problem.status == 404 ? forgotten() : problem);
    });
    m_follower->start();
}

void Task::closeStream() {
    if (m_follower == nullptr) {
        return;
    }
    // It may be telling us something right now.
    m_follower->disconnect(this);
    m_follower->stop();
    m_follower->deleteLater();
    m_follower = nullptr;
}

void Task::onCallFailed(const Problem& problem) {
    const bool accepted = !m_record.jobId.empty();
    // Whoever explains why it took nothing has taken nothing; silence leaves it open.
    if (problem.status != 0 && !accepted) {
        m_record.sent = false;
    }
    if (remote::isPassing(problem)) {
        m_waited = true;
        m_trouble = problem;
        const auto asked = std::chrono::seconds(problem.retryAfter.value_or(0));
        tryAgainIn(std::max<std::chrono::milliseconds>(asked, m_backoff.next()));
        return advance();
    }
    if (remote::isLockedOut(problem)) {
        m_waited = true;
        m_trouble = problem;
        tryAgainIn(kLongestPause);
        Q_EMIT lockedOut();
        return advance();
    }
    const bool gone = accepted && problem.status == 404;
    if (m_record.cancelled && (gone || !accepted)) {
        return end();
    }
    fail(gone ? forgotten() : problem);
}

void Task::tryAgainIn(std::chrono::milliseconds pause) {
    m_again.start(pause);
    Q_EMIT changed();
}

void Task::fail(Problem problem) {
    m_again.stop();
    m_part.reset();
    forgetPreview();
    m_record.problem = std::move(problem);
    Q_EMIT recordChanged();
    Q_EMIT changed();
    Q_EMIT failed(*m_record.problem);
}

void Task::end() {
    m_ended = true;
    m_again.stop();
    Q_EMIT ended();
}

}  // namespace easel::studio
