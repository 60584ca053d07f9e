// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <memory>
#include <optional>

#include "desktop/gallery/picture.h"
#include "desktop/studio/task_record.h"
#include "shared/process/backoff.h"
#include "shared/protocol/job.h"

namespace easel::gallery {
class PictureStore;
}

namespace easel::remote {
class JobFollower;
class PartialImage;
class Remote;
}  // namespace easel::remote

namespace easel::studio {

class InputSender;

/// The code of the problem that a task's server does not know its job (any more).
inline constexpr char kForgotten[] = "job_forgotten";

/// One request on its way to being pictures: hands it in, follows its job, fetches each image as soon as it
/// is there and puts it into the store. At most one call is under way at a time; after each, advance()
/// decides what is next from what is known, so that any step can be repeated after a cut or a restart. Owned
/// by Studio; GUI thread.
class Task : public QObject {
    Q_OBJECT

public:
    /// All but the record outlive it.
    Task(remote::Remote& remote, gallery::PictureStore& store, InputSender& inputs, TaskRecord record,
         QObject* parent = nullptr);
    ~Task() override;

    /// Where the task's server is.
    enum class Reach {
        Away,       ///< it can't be reached
        Elsewhere,  ///< another one is there meanwhile
        Here,
    };

    const TaskRecord& record() const { return m_record; }
    /// As the server told of it last.
    const protocol::Job& job() const { return m_job; }
    Reach reach() const { return m_reach; }
    bool isAwake() const { return m_reach == Reach::Here; }
    /// Why it waits to try again; passing.
    const std::optional<protocol::Problem>& trouble() const { return m_trouble; }
    bool hasFailed() const { return m_record.problem.has_value(); }
    /// How much has gone of the pictures that it is drawn from, of 1; absent while none is on its way.
    std::optional<double> sentInputs() const { return m_sentInputs; }
    /// The server has it and has not finished it: worth a stream.
    bool wantsStream() const;
    /// It was handed in at once, so that a refusal concerns what the person has just typed.
    bool isFresh() const { return !m_waited; }

    /// It was never handed in, and for no server in particular: any may have it.
    bool isFree() const { return m_record.serverId.empty() && !m_record.sent && m_record.jobId.empty(); }
    /// Its server is (now) the one at this address, with this id where it has one.
    void bindTo(const QUrl& server, const std::string& id);
    /// What it is handed in with from now on; see TaskRecord.
    void setKey(const QString& keyId) { m_keyId = keyId; }
    /// Its server may have it, but does not show it to the key that there is now.
    bool isOfAnotherKey() const { return !m_record.jobId.empty() && m_record.keyId != m_keyId; }
    /// From how many steps to how many it is to show what it looks like, when it is handed in; empty: never.
    void setPreviewEvery(std::optional<int> steps) { m_previewEvery = steps; }
    /// What it looks like so far; null: not known. Of several pictures, the first that is not done.
    const QImage& preview() const { return m_preview; }
    /// Begins or pauses accordingly.
    void setReach(Reach reach);
    /// Whether it may hold an event stream open.
    void setFollowing(bool following);
    void cancel();
    /// Cancelled, but its server is not there to confirm it.
    bool isStuck() const { return m_record.cancelled && !isAwake(); }
    /// What it had got is lost: the server began it again.
    bool hasStartedAgain() const { return m_startedAgain; }

    /// A request for the pictures that it has not brought.
    protocol::GenerationRequest remainder() const { return remainderOf(m_record); }

Q_SIGNALS:
    /// The tile looks different.
    void changed();
    /// record() should be written down.
    void recordChanged();
    void saved(const easel::gallery::Picture& picture);
    void storageTrouble(const easel::protocol::Problem& problem);
    void failed(const easel::protocol::Problem& problem);
    /// The server does not let this computer in (any more); the task waits until it does.
    void lockedOut();
    /// All is done, or it was cancelled: the task can go.
    void ended();

private:
    void advance();
    void sendInputs();
    void send();
    /// The server does not have a picture that it had; true where it is sent again.
    bool mendInputs(const protocol::Problem& problem);
    /// A refusal, as the person who asked can use it.
    protocol::Problem inWords(protocol::Problem problem) const;
    void sendCancel();
    void fetch(const protocol::ImageInfo& image);
    void keep(const protocol::ImageInfo& image, const QByteArray& bytes);
    void cannotKeep(const protocol::Problem& problem);
    void conclude();
    void learn(const protocol::Job& job);
    void show(const protocol::Preview& preview);
    void forgetPreview();
    void take(const protocol::Job& job);
    const protocol::ImageInfo* nextImage() const;
    protocol::GenerationSettings settingsOf(const protocol::ImageInfo& image) const;
    void openStream();
    void closeStream();
    /// A call failed: tries again later if that can help, else fails the task.
    void onCallFailed(const protocol::Problem& problem);
    void tryAgainIn(std::chrono::milliseconds pause);
    void fail(protocol::Problem problem);
    void end();

    remote::Remote& m_remote;
    gallery::PictureStore& m_store;
    InputSender& m_inputs;
    TaskRecord m_record;
    QString m_keyId;
    protocol::Job m_job;
    remote::JobFollower* m_follower = nullptr;  ///< a child of this
    /// Of the picture that is being fetched, from try to try.
    std::shared_ptr<remote::PartialImage> m_part;
    int m_partOf = 0;  ///< that picture's index
    std::optional<int> m_previewEvery;
    QImage m_preview;
    int m_previewOf = 0;  ///< that picture's index
    QTimer m_again;
    process::Backoff m_backoff;
    std::optional<protocol::Problem> m_trouble;
    std::optional<double> m_sentInputs;
    Reach m_reach = Reach::Away;
    bool m_startedAgain = false;
    bool m_mayFollow = false;
    bool m_calling = false;
    bool m_mendedInputs = false;
    bool m_cancelConfirmed = false;
    bool m_waited = false;
    bool m_ended = false;
};

}  // namespace easel::studio
