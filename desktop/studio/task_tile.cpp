// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "desktop/remote/address.h"
#include "desktop/studio/task.h"

// How a task looks in the grid, and in what words.
namespace easel::studio {

using protocol::JobState;

gallery::PendingTile Task::tile() const {
    gallery::PendingTile tile;
    tile.id = m_record.id;
    tile.prompt = QString::fromStdString(m_record.request.prompt);
    tile.state = tileState();
    tile.note = note();
    tile.ahead = m_job.ahead;
    tile.step = m_job.progress.step;
    tile.steps = m_job.progress.steps;
    tile.etaSeconds = m_job.progress.etaSeconds;
    tile.images = static_cast<int>(m_record.saved.size());
    tile.count = m_record.settings ? m_record.settings->count : m_record.request.count.value_or(1);
    if (m_record.settings) {
        tile.size = QSize(m_record.settings->width, m_record.settings->height);
    } else if (m_record.request.width && m_record.request.height) {
        tile.size = QSize(*m_record.request.width, *m_record.request.height);
    }
    tile.error = m_record.problem;
    tile.isAway = !m_awake && !hasFailed();
    tile.canSendHere = m_canSendHere && !hasFailed() && !m_record.cancelled;
    return tile;
}

gallery::PendingTile::State Task::tileState() const {
    using State = gallery::PendingTile::State;
    if (hasFailed()) {
        return State::Failed;
    }
    if (m_record.cancelled) {
        return State::Stopping;
    }
    if (m_record.jobId.empty()) {
        return State::Unsent;
    }
    if (m_job.state == JobState::Queued || m_job.state == JobState::Held) {
        return State::Waiting;
    }
    return m_job.state == JobState::Running ? State::Running : State::Fetching;
}

QString Task::note() const {
    using State = gallery::PendingTile::State;
    const State state = tileState();
    if (state == State::Failed) {
        return QString::fromStdString(m_record.problem->title);
    }
    const QString server = remote::displayName(m_record.server);
    if (state == State::Stopping) {
        return m_awake ? tr("Stopping…") : tr("Stops once %1 is back").arg(server);
    }
    if (!m_awake && state != State::Unsent) {
        return tr("No connection to %1; taken up again once it is back").arg(server);
    }
    if (!m_awake) {
        return m_record.sent ? tr("Sent, but not confirmed: waiting for %1").arg(server)
                             : tr("Not sent yet: waiting for %1").arg(server);
    }
    if (m_trouble) {
        return tr("%1; trying again").arg(QString::fromStdString(m_trouble->title));
    }
    switch (state) {
        case State::Unsent:
            return tr("Sending…");
        case State::Waiting:
            if (m_job.hold) {
                return tr("On hold: %1 %2")
                    .arg(QString::fromStdString(m_job.hold->detail),
                         QString::fromStdString(m_job.hold->cure));
            }
            return m_job.ahead > 0 ? tr("Waiting, %1 ahead").arg(m_job.ahead) : tr("Waiting");
        case State::Fetching:
            return tr("Fetching the picture…");
        default:
            break;
    }
    const protocol::Progress& progress = m_job.progress;
    if (progress.stage == protocol::Stage::Decoding) {
        return tr("Developing the picture…");
    }
    if (progress.stage != protocol::Stage::Denoising || progress.steps == 0) {
        return tr("Starting…");
    }
    const QString step = (m_startedAgain ? tr("Started again, step %1 of %2") : tr("Step %1 of %2"))
                             .arg(progress.step)
                             .arg(progress.steps);
    return progress.etaSeconds ? tr("%1, %2 left").arg(step, timeLeft(*progress.etaSeconds)) : step;
}

QString timeLeft(double seconds) {
    const auto whole = static_cast<int>(std::ceil(std::clamp(seconds, 0.0, 1e6)));
    if (whole < 60) {
        return QObject::tr("%1 s").arg(whole);
    }
    if (whole < 3600) {
        return QObject::tr("%1 min").arg((whole + 59) / 60);
    }
    return QObject::tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

}  // namespace easel::studio
