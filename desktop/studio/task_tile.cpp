// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/task_tile.h"

#include "desktop/remote/address.h"
#include "desktop/studio/task.h"
#include "desktop/studio/time_left.h"

namespace easel::studio {

namespace {

using protocol::JobState;
using State = gallery::PendingTile::State;

State stateOf(const Task& task) {
    if (task.hasFailed()) {
        return State::Failed;
    }
    if (task.record().cancelled) {
        return State::Stopping;
    }
    if (task.record().jobId.empty()) {
        return State::Unsent;
    }
    switch (task.job().state) {
        case JobState::Queued:
            return State::Waiting;
        case JobState::Held:
            return State::Held;
        case JobState::Running:
            return State::Running;
        default:
            return State::Fetching;
    }
}

QString awayNote(const Task& task, State state) {
    const QString server = remote::displayName(task.record().server);
    if (server.isEmpty()) {
        return Task::tr("Not sent yet: no server is chosen");
    }
    if (state == State::Stopping) {
        return Task::tr("Stops once %1 is back").arg(server);
    }
    if (state != State::Unsent) {
        return Task::tr("No connection to %1; taken up again once it is back").arg(server);
    }
    return task.record().sent ? Task::tr("Sent, but not confirmed: waiting for %1").arg(server)
                              : Task::tr("Not sent yet: waiting for %1").arg(server);
}

QString waitingNote(const Task& task, bool queuePaused) {
    if (queuePaused) {
        return Task::tr("Waiting: the queue is paused on %1").arg(remote::displayName(task.record().server));
    }
    const int ahead = task.job().ahead;
    return ahead > 0 ? Task::tr("Waiting, %1 ahead").arg(ahead) : Task::tr("Waiting");
}

bool isOnItsWay(const ServerNow& server) {
    return server.pull && !protocol::isFinished(server.pull->state);
}

/// The task waits for a model that this computer can ask for.
bool wantsModel(const Task& task, const ServerNow& server) {
    const protocol::Job& job = task.job();
    return server.mayPull && task.isAwake() && job.state == JobState::Held && job.hold &&
           job.hold->reason == protocol::HoldReason::ModelMissing &&
           protocol::isHubName(job.settings.model) && !isOnItsWay(server);
}

QString fetchingNote(const protocol::PullInfo& pull) {
    const QString model = QString::fromStdString(pull.request.model);
    if (pull.progress.bytes <= 0) {
        return Task::tr("Getting the model %1").arg(model);
    }
    const auto percent = 100 * pull.progress.bytesDone / pull.progress.bytes;
    return Task::tr("Getting the model %1, %2 %").arg(model).arg(percent);
}

QString heldNote(const Task& task, const ServerNow& server) {
    const protocol::Job& job = task.job();
    if (job.hold && job.hold->reason == protocol::HoldReason::ModelMissing) {
        if (isOnItsWay(server)) {
            return fetchingNote(*server.pull);
        }
        if (wantsModel(task, server)) {
            const bool hasFailed = server.pull && server.pull->problem;
            return QString::fromStdString(hasFailed ? server.pull->problem->detail : job.hold->detail);
        }
    }
    if (!job.hold) {
        return Task::tr("On hold");
    }
    return Task::tr("On hold: %1 %2")
        .arg(QString::fromStdString(job.hold->detail), QString::fromStdString(job.hold->cure))
        .trimmed();
}

QString runningNote(const Task& task) {
    const protocol::Progress& progress = task.job().progress;
    if (progress.stage == protocol::Stage::Decoding) {
        return Task::tr("Developing the picture…");
    }
    if (progress.stage != protocol::Stage::Denoising || progress.steps == 0) {
        return Task::tr("Starting…");
    }
    const QString step =
        (task.hasStartedAgain() ? Task::tr("Started again, step %1 of %2") : Task::tr("Step %1 of %2"))
            .arg(progress.step)
            .arg(progress.steps);
    return progress.etaSeconds ? Task::tr("%1, %2 left").arg(step, timeLeft(*progress.etaSeconds)) : step;
}

QString noteOf(const Task& task, State state, const ServerNow& server) {
    if (state == State::Failed) {
        return QString::fromStdString(task.record().problem->title);
    }
    if (!task.isAwake()) {
        return awayNote(task, state);
    }
    if (state == State::Stopping) {
        return Task::tr("Stopping…");
    }
    if (task.trouble()) {
        return Task::tr("%1; trying again").arg(QString::fromStdString(task.trouble()->title));
    }
    switch (state) {
        case State::Unsent:
            return task.sentInputs()
                       ? Task::tr("Sending the picture, %1 %").arg(int(100 * *task.sentInputs()))
                       : Task::tr("Sending…");
        case State::Waiting:
            return waitingNote(task, server.isQueuePaused);
        case State::Held:
            return heldNote(task, server);
        case State::Fetching:
            return Task::tr("Fetching the picture…");
        default:
            return runningNote(task);
    }
}

}  // namespace

gallery::PendingTile describe(const Task& task, const ServerNow& server) {
    const TaskRecord& record = task.record();
    const protocol::Job& job = task.job();
    gallery::PendingTile tile;
    tile.id = record.id;
    tile.prompt = QString::fromStdString(record.request.prompt);
    tile.state = stateOf(task);
    tile.note = noteOf(task, tile.state, server);
    tile.ahead = job.ahead;
    tile.step = job.progress.step;
    tile.steps = job.progress.steps;
    tile.etaSeconds = job.progress.etaSeconds;
    tile.startedAgain = task.hasStartedAgain();
    tile.images = static_cast<int>(record.saved.size());
    tile.count = record.settings ? record.settings->count : record.request.count.value_or(1);
    if (record.settings) {
        tile.size = QSize(record.settings->width, record.settings->height);
    } else if (record.request.width && record.request.height) {
        tile.size = QSize(*record.request.width, *record.request.height);
    }
    tile.preview = task.preview();
    tile.error = record.problem;
    tile.isAway = !task.isAwake() && !task.hasFailed();
    tile.canSendHere = task.reach() == Task::Reach::Elsewhere && !task.hasFailed() && !record.cancelled;
    tile.canFetchModel = tile.state == State::Held && wantsModel(task, server);
    return tile;
}

}  // namespace easel::studio
