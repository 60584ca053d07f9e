// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/studio.h"

#include <QFileInfo>
#include <QStandardPaths>
#include <QUuid>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include "desktop/gallery/input_folder.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/addon_desk.h"
#include "desktop/remote/model_desk.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "desktop/remote/token_counter.h"
#include "desktop/studio/diagnostics.h"
#include "desktop/studio/input_sender.h"
#include "desktop/studio/status_line.h"
#include "desktop/studio/task.h"
#include "desktop/studio/task_record.h"
#include "desktop/studio/task_tile.h"
#include "shared/protocol/generation_pictures.h"
#include "shared/protocol/json.h"

namespace easel::studio {

namespace {

constexpr auto kTypingPause = std::chrono::milliseconds(300);
/// How often a picture is shown while it is drawn, about: enough to see it grow.
constexpr int kPreviews = 12;
/// Where the request leaves the steps to the model.
constexpr int kUsualSteps = 24;

}  // namespace

Studio::Studio(Collaborators collaborators, QString taskFile, QObject* parent)
    : QObject(parent),
      m_deps(collaborators),
      m_servers(
          std::make_unique<remote::Servers>(m_deps.link, m_deps.settings, m_deps.keyring, m_deps.tunnels)),
      m_models(std::make_unique<remote::ModelDesk>(m_deps.remote, m_deps.link)),
      m_promptTokens(std::make_unique<remote::TokenCounter>(m_deps.remote, m_deps.link, kTypingPause)),
      m_negativeTokens(std::make_unique<remote::TokenCounter>(m_deps.remote, m_deps.link, kTypingPause)),
      m_addons(std::make_unique<remote::AddonDesk>(m_deps.remote, m_deps.link)),
      m_inputs(
          std::make_unique<gallery::InputFolder>(QFileInfo(taskFile).path() + QStringLiteral("/inputs"))),
      m_sender(std::make_unique<InputSender>(m_deps.remote, *m_inputs)),
      m_file(std::make_unique<TaskFile>(std::move(taskFile))),
      m_diagnostics(std::make_unique<Diagnostics>(
          Diagnostics::Sources{m_deps.remote, m_deps.link, *m_servers, m_deps.pictures, m_deps.model,
                               m_deps.settings, m_deps.keyring != nullptr, [this] { return requests(); }})) {
    connect(m_servers.get(), &remote::Servers::changed, this,
            [this] { Q_EMIT serverAddressChanged(serverAddress()); });
    connect(&m_deps.link, &remote::ServerLink::stateChanged, this, &Studio::wakeTasks);
    connect(m_models.get(), &remote::ModelDesk::changed, this, &Studio::showTiles);
    connect(&m_deps.link, &remote::ServerLink::infoChanged, this, &Studio::wakeTasks);
}

Studio::~Studio() = default;

QString Studio::defaultTaskFile() {
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/tasks.json");
}

protocol::Expected<void> Studio::start(const QString& address) {
    auto records = m_file->load();
    if (records) {
        for (TaskRecord& record : *records) {
            adopt(std::move(record)).setReach(Task::Reach::Away);
        }
    }
    refreshStatus();
    if (records) {
        sweepInputs();
    }

    protocol::Expected<void> connected;
    if (address.isEmpty()) {
        m_servers->start();
    } else {
        connected = setServerAddress(address);
    }
    if (!records) {
        return tl::unexpected(std::move(records.error()));
    }
    return connected;
}

protocol::Expected<void> Studio::setServerAddress(const QString& typed) {
    return m_servers->enter(typed);
}

QString Studio::serverAddress() const {
    const remote::ServerProfile* server = m_servers->current();
    return server != nullptr ? server->typed() : QLatin1String(preferences::kServerAddress.usual);
}

bool Studio::hasChosenServer() const {
    return m_servers->current() != nullptr;
}

std::string Studio::serverId() const {
    const remote::ServerProfile* server = m_servers->current();
    return m_deps.link.info() ? m_deps.link.info()->id : server != nullptr ? server->serverId : std::string();
}

QString Studio::keyId() const {
    const remote::ServerProfile* server = m_servers->current();
    return server != nullptr ? server->keyId : QString();
}

/// Everything that the person has asked for, or is about to.
std::vector<protocol::GenerationRequest> Studio::requests() const {
    std::vector<protocol::GenerationRequest> all{rememberedRequest()};
    for (const Task* task : m_tasks) {
        all.push_back(task->record().request);
    }
    return all;
}

void Studio::sweepInputs() {
    std::set<std::string> wanted;
    for (const protocol::GenerationRequest& request : requests()) {
        protocol::forEachPicture(request,
                                 [&](const char* /*field*/, const std::string& id) { wanted.insert(id); });
    }
    m_inputs->sweep(wanted);
}

protocol::GenerationRequest Studio::rememberedRequest() const {
    const std::string stored = preferences::kRequest.of(m_deps.settings).toStdString();
    return protocol::parseRequest(stored).value_or(protocol::GenerationRequest());
}

void Studio::remember(const protocol::GenerationRequest& request) {
    preferences::kRequest.set(m_deps.settings, QString::fromStdString(protocol::toJson(request)));
}

bool Studio::showsPreviews() const {
    return preferences::kPreviews.of(m_deps.settings);
}

void Studio::setShowsPreviews(bool on) {
    preferences::kPreviews.set(m_deps.settings, on);
    wakeTasks();
}

/// Servers that know of none refuse to be asked.
std::optional<int> Studio::previewEvery(const protocol::GenerationRequest& request) const {
    const auto& info = m_deps.link.info();
    if (!showsPreviews() || !info || !info->previews) {
        return std::nullopt;
    }
    return std::max(1, request.steps.value_or(kUsualSteps) / kPreviews);
}

QString Studio::generate(const protocol::GenerationRequest& request) {
    TaskRecord record;
    record.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
    record.server = m_deps.remote.address();
    record.request = request;
    QString id = record.id;
    Task& task = adopt(std::move(record));
    save();
    wake(task);
    return id;
}

void Studio::cancel(const QString& id) {
    if (Task* task = find(id)) {
        task->cancel();
    }
}

int Studio::cancelAll() {
    m_cancelled.clear();
    // Cancelling may drop a task from the list.
    const std::vector<Task*> tasks = m_tasks;
    for (Task* task : tasks) {
        if (task->hasFailed() || task->record().cancelled) {
            continue;
        }
        m_cancelled.push_back(task->record());
        task->cancel();
    }
    return static_cast<int>(m_cancelled.size());
}

void Studio::undoCancelAll() {
    for (TaskRecord& before : std::exchange(m_cancelled, {})) {
        // What was done by then has been fetched all the same.
        if (const Task* task = find(before.id)) {
            before = task->record();
        }
        if (before.settings && static_cast<int>(before.saved.size()) >= before.settings->count) {
            continue;
        }
        TaskRecord again;
        again.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
        again.server = before.server;
        again.serverId = before.serverId;
        again.request = remainderOf(before);
        wake(adopt(std::move(again)));
    }
    save();
}

void Studio::retry(const QString& id) {
    Task* task = find(id);
    if (task == nullptr || !task->hasFailed()) {
        return;
    }
    const protocol::GenerationRequest request = task->remainder();
    drop(*task);
    generate(request);
}

void Studio::sendHere(const QString& id) {
    Task* task = find(id);
    if (task == nullptr || task->hasFailed() || !m_deps.link.isOnline() || belongsHere(*task)) {
        return;
    }
    const protocol::GenerationRequest request = task->remainder();
    drop(*task);
    generate(request);
}

void Studio::dismiss(const QString& id) {
    Task* task = find(id);
    if (task != nullptr && (task->hasFailed() || task->isStuck())) {
        drop(*task);
    }
}

int Studio::activeCount() const {
    return static_cast<int>(
        std::ranges::count_if(m_tasks, [](const Task* task) { return !task->hasFailed(); }));
}

QString Studio::statusLine() const {
    std::vector<gallery::PendingTile> tiles;
    std::ranges::transform(m_tasks, std::back_inserter(tiles),
                           [this](const Task* task) { return tileOf(*task); });
    return studio::statusLine(tiles, isQueuePaused());
}

bool Studio::isQueuePaused() const {
    return m_deps.link.isOnline() && m_deps.link.info() && m_deps.link.info()->paused;
}

gallery::PendingTile Studio::tileOf(const Task& task) const {
    ServerNow server{.isQueuePaused = isQueuePaused(), .mayPull = m_models->mayPull()};
    const std::string& model = task.job().settings.model;
    if (const auto* pull = m_models->latest(model, protocol::PullTask::Fetch)) {
        server.pull = *pull;
    }
    gallery::PendingTile tile = describe(task, server);
    if (!showsPreviews()) {
        tile.preview = {};
    }
    return tile;
}

void Studio::fetchModel(const QString& id) {
    if (const Task* task = find(id)) {
        m_models->pull({.model = task->job().settings.model});
    }
}

Task* Studio::find(const QString& id) const {
    const auto task =
        std::ranges::find_if(m_tasks, [&](const Task* each) { return each->record().id == id; });
    return task == m_tasks.end() ? nullptr : *task;
}

Task& Studio::adopt(TaskRecord record) {
    auto* task = new Task(m_deps.remote, m_deps.pictures, *m_sender, std::move(record), this);
    m_tasks.push_back(task);
    connect(task, &Task::changed, this, [this, task] {
        m_deps.model.putTile(tileOf(*task));
        shareStreams();
        refreshStatus();
    });
    connect(task, &Task::recordChanged, this, &Studio::save);
    connect(task, &Task::saved, this, [this, task](const gallery::Picture& picture) {
        Q_EMIT pictureSaved(task->record().id, picture);
    });
    connect(task, &Task::lockedOut, &m_deps.link, &remote::ServerLink::tryNow);
    connect(task, &Task::storageTrouble, this, &Studio::storageTrouble);
    connect(task, &Task::failed, this,
            [this, task](const protocol::Problem& problem) { taskFailed(*task, problem); });
    connect(task, &Task::ended, this, [this, task] {
        const auto undo = std::ranges::find(m_cancelled, task->record().id, &TaskRecord::id);
        if (undo != m_cancelled.end()) {
            *undo = task->record();
        }
        drop(*task);
    });
    m_deps.model.putTile(tileOf(*task));
    refreshStatus();
    return *task;
}

void Studio::drop(Task& task) {
    std::erase(m_tasks, &task);
    m_deps.model.removeTile(task.record().id);
    // It may be telling us something right now.
    task.disconnect(this);
    task.setFollowing(false);
    task.deleteLater();
    save();
    shareStreams();
    refreshStatus();
}

void Studio::taskFailed(Task& task, const protocol::Problem& problem) {
    const QString id = task.record().id;
    if (problem.code == kForgotten && task.isOfAnotherKey()) {
        // Nobody cancelled it: this computer was let in anew, as somebody else.
        return retry(id);
    }
    if (problem.field && task.isFresh()) {
        drop(task);
        Q_EMIT refused(id, problem);
    } else {
        Q_EMIT failed(id, problem);
    }
}

void Studio::wakeTasks() {
    const std::vector<Task*> tasks = m_tasks;
    for (Task* task : tasks) {
        wake(*task);
    }
    shareStreams();
    showTiles();
}

void Studio::showTiles() {
    for (const Task* task : m_tasks) {
        m_deps.model.putTile(tileOf(*task));
    }
    refreshStatus();
}

void Studio::wake(Task& task) {
    const bool isSomewhere = m_deps.link.state() != remote::ServerLink::State::NoAddress;
    const bool here = isSomewhere && (task.isFree() || belongsHere(task));
    if (here) {
        task.bindTo(m_deps.remote.address(), serverId().empty() ? task.record().serverId : serverId());
        task.setKey(keyId());
        task.setPreviewEvery(previewEvery(task.record().request));
    }
    using Reach = Task::Reach;
    if (m_deps.link.isOnline()) {
        task.setReach(here ? Reach::Here : Reach::Elsewhere);
    } else {
        task.setReach(Reach::Away);
    }
}

bool Studio::belongsHere(const Task& task) const {
    const std::string here = serverId();
    const TaskRecord& record = task.record();
    if (!record.serverId.empty() && !here.empty()) {
        return record.serverId == here;
    }
    return record.server == m_deps.remote.address();
}

void Studio::shareStreams() {
    int left = remote::Remote::kMaxStreams;
    for (Task* task : m_tasks) {
        const bool follows = belongsHere(*task) && task->wantsStream() && left > 0;
        left -= follows ? 1 : 0;
        task->setFollowing(follows);
    }
}

void Studio::save() {
    QList<TaskRecord> records;
    for (const Task* task : m_tasks) {
        records.append(task->record());
    }
    if (auto saved = m_file->save(records); !saved) {
        Q_EMIT storageTrouble(saved.error());
    }
}

void Studio::refreshStatus() {
    QString line = statusLine();
    if (line == m_status) {
        return;
    }
    m_status = line;
    Q_EMIT statusChanged(line);
}

}  // namespace easel::studio
