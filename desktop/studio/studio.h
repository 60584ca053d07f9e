// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

#include "desktop/gallery/pending_tile.h"
#include "desktop/gallery/picture.h"
#include "desktop/studio/task_record.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

class QSettings;

namespace easel::gallery {
class InputFolder;
class PictureModel;
class PictureStore;
}  // namespace easel::gallery

namespace easel::remote {
class AddonDesk;
class Keyring;
class ModelDesk;
class Remote;
class ServerLink;
class Servers;
class TokenCounter;
class TunnelMaker;
}  // namespace easel::remote

namespace easel::studio {

class Diagnostics;
class InputSender;
class Task;

/// The collaborators of the studio, all owned by main and outliving it.
struct Collaborators {
    remote::Remote& remote;
    remote::ServerLink& link;
    gallery::PictureStore& pictures;
    gallery::PictureModel& model;
    QSettings& settings;
    remote::Keyring* keyring = nullptr;      ///< none: keys last as long as the app
    remote::TunnelMaker* tunnels = nullptr;  ///< none: no machine on Google Cloud is reached
};

/// The conductor: takes requests, hands them to the server (now, or as soon as it can be reached), follows
/// their jobs, and puts each finished picture into the gallery. What is under way is written down at each
/// step, so that neither a cut connection nor the end of the app loses a picture. GUI thread.
class Studio : public QObject {
    Q_OBJECT

public:
    /// `taskFile` is where unfinished tasks are written down; the pictures to draw from are kept beside it.
    Studio(Collaborators collaborators, QString taskFile, QObject* parent = nullptr);
    ~Studio() override;

    /// "tasks.json" in the user's data folder.
    static QString defaultTaskFile();

    /// Takes up what an earlier run left and connects to the remembered server (`address` overrides it;
    /// without either: this computer). Errors: the address given makes no sense; the task file can't be read
    /// (it is then set aside, never overwritten); another app is open ("already_running").
    protocol::Expected<void> start(const QString& address = {});

    /// Switches to another server and remembers it. Tasks of the other server wait until it is there again,
    /// under whatever address; those that are no server's yet go to this one. What was typed may also be a
    /// code or a key; see Servers::enter. Errors: it is none of these.
    protocol::Expected<void> setServerAddress(const QString& typed);
    remote::Servers& servers() const { return *m_servers; }
    remote::ModelDesk& models() const { return *m_models; }
    /// Of the prompt that is being written, and of what should not be in the picture.
    remote::TokenCounter& promptTokens() const { return *m_promptTokens; }
    remote::TokenCounter& negativeTokens() const { return *m_negativeTokens; }
    remote::AddonDesk& addons() const { return *m_addons; }
    gallery::InputFolder& inputs() const { return *m_inputs; }
    const Diagnostics& diagnostics() const { return *m_diagnostics; }
    QString serverAddress() const;
    /// Somebody has chosen a server once; until then the address is a guess.
    bool hasChosenServer() const;
    /// The server at this address has said who it is, now or earlier: what is not sent yet waits for it.
    bool knowsServer() const { return !serverId().empty(); }

    /// What the last run, or this one, was told to remember. The request itself is its panel's.
    protocol::GenerationRequest rememberedRequest() const;
    void remember(const protocol::GenerationRequest& request);

    /// Pictures are shown while they are drawn, where the server can tell what they look like.
    bool showsPreviews() const;
    void setShowsPreviews(bool on);

    /// Asks for pictures; returns the task's id, which is also the id of its tile.
    QString generate(const protocol::GenerationRequest& request);
    /// Stops a task; its tile goes when the server has confirmed, pictures that are done are still fetched.
    void cancel(const QString& id);
    /// Returns how many it has stopped; undoCancelAll asks again for what they had not brought.
    int cancelAll();
    void undoCancelAll();
    /// Asks again, with the same settings, for what a failed task did not bring.
    void retry(const QString& id);
    /// Has the model fetched that a task waits for; see ModelDesk::failed.
    void fetchModel(const QString& id);
    /// Asks the server that is connected instead of the one that the task waits for.
    void sendHere(const QString& id);
    /// Takes the tile of a failed task away, or of a cancelled one whose server is not there to confirm it.
    void dismiss(const QString& id);

    /// Tasks that are neither done nor failed.
    int activeCount() const;
    /// See status_line.h.
    QString statusLine() const;
    /// The server that is connected starts nothing now.
    bool isQueuePaused() const;

Q_SIGNALS:
    void serverAddressChanged(const QString& address);
    void statusChanged(const QString& line);
    void pictureSaved(const QString& id, const easel::gallery::Picture& picture);
    /// The server did not accept the request as it stands: problem.field names the input at fault. No tile
    /// stays.
    void refused(const QString& id, const easel::protocol::Problem& problem);
    /// The task failed; its tile stays and carries the same problem.
    void failed(const QString& id, const easel::protocol::Problem& problem);
    /// A finished picture or the list of tasks can't be written to this computer's disk; it goes on by
    /// itself.
    void storageTrouble(const easel::protocol::Problem& problem);

private:
    Task* find(const QString& id) const;
    Task& adopt(TaskRecord record);
    void drop(Task& task);
    void taskFailed(Task& task, const protocol::Problem& problem);
    std::string serverId() const;
    QString keyId() const;
    std::optional<int> previewEvery(const protocol::GenerationRequest& request) const;
    std::vector<protocol::GenerationRequest> requests() const;
    void sweepInputs();
    gallery::PendingTile tileOf(const Task& task) const;
    void showTiles();
    void wakeTasks();
    void wake(Task& task);
    bool belongsHere(const Task& task) const;
    void shareStreams();
    void save();
    void refreshStatus();

    Collaborators m_deps;
    std::unique_ptr<remote::Servers> m_servers;
    std::unique_ptr<remote::ModelDesk> m_models;
    std::unique_ptr<remote::TokenCounter> m_promptTokens;
    std::unique_ptr<remote::TokenCounter> m_negativeTokens;
    std::unique_ptr<remote::AddonDesk> m_addons;
    std::unique_ptr<gallery::InputFolder> m_inputs;
    std::unique_ptr<InputSender> m_sender;
    std::unique_ptr<TaskFile> m_file;
    std::unique_ptr<Diagnostics> m_diagnostics;
    std::vector<Task*> m_tasks;           ///< oldest first; children of this
    std::vector<TaskRecord> m_cancelled;  ///< by the last cancelAll
    QString m_status;
};

}  // namespace easel::studio
