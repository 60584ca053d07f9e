// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFileSystemWatcher>
#include <QHash>
#include <QList>
#include <QLockFile>
#include <QMutex>
#include <QObject>
#include <QSet>
#include <QStringList>
#include <QThreadPool>
#include <QTimer>

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "desktop/gallery/picture.h"
#include "desktop/gallery/trash.h"
#include "shared/protocol/problem.h"

namespace easel::gallery {

/// The pictures on disk: plain PNG files with infotext in one folder, no database beside them, so whatever
/// is in the folder is the library, also what others put there while it is open. Deleted pictures move to
/// its ".trash" and stay there for Trash::kDays. Keeps no list of its own: PictureModel does. Owned by main;
/// GUI thread; scans, writes and moves on threads of its own.
class PictureStore : public QObject {
    Q_OBJECT

public:
    enum class Work { Deleting, Restoring, Destroying };

    explicit PictureStore(const QString& folder, QObject* parent = nullptr);
    /// Stops a scan that is under way; finishes what is being written and moved.
    ~PictureStore() override;

    /// Where pictures live unless told otherwise: "pictures" in the user's data folder.
    static QString defaultFolder();
    const QString& folder() const { return m_folder; }

    /// Makes the folder, sweeps its trash (unless another app has the folder open) and scans: `listed` once,
    /// then `described` in batches (newest first) and `scanned`. Errors: the folder can't be made or read.
    protocol::Expected<void> open();
    /// Looks for what others have added, changed or removed: `added` and `removed`, then `scanned`. Happens
    /// by itself where the system tells of changes.
    void rescan();

    /// Writes a finished picture off the GUI thread, all of it or nothing. `settings.seed` is this picture's
    /// own; they are written into the file where it does not carry them already. Emits `added`, then calls
    /// `done` unless `context` is gone. Errors: disk full, no permission, no PNG.
    void add(const QByteArray& png, const protocol::GenerationSettings& settings, QObject* context,
             const std::function<void(protocol::Expected<Picture>)>& done);

    /// Moves pictures to the trash: emits `removed` at once and moves them off the GUI thread. What can't be
    /// moved is `added` again, and `failed` says why.
    void remove(const QStringList& paths);
    /// Brings back what the last `remove` of this run took; emits `added`, in batches, then `restored`.
    void undoRemove();
    /// How many pictures undoRemove would bring back; 0: nothing to undo.
    int undoable() const;

    /// What can be brought back, newest deletion first; see Trash::list. Read off the GUI thread.
    void listTrash(QObject* context, const std::function<void(QList<Picture>)>& done);
    /// Brings back pictures of the trash; emits as undoRemove does.
    void restore(const QStringList& inTrash);
    /// Deletes pictures of the trash for good.
    void destroy(const QStringList& inTrash);
    /// How many pictures are in the trash, as far as is known.
    int inTrash() const { return m_inTrash; }

Q_SIGNALS:
    /// All files of the folder, newest first, not described yet.
    void listed(const QList<easel::gallery::Picture>& pictures);
    /// Some of them, with size and settings.
    void described(const QList<easel::gallery::Picture>& pictures);
    void scanned();
    /// New in the folder, or changed; described.
    void added(const QList<easel::gallery::Picture>& pictures);
    void removed(const QStringList& paths);
    /// All pictures of one undoRemove or restore are back, under these paths.
    void restored(const QStringList& paths);
    /// undoable() has changed.
    void undoChanged(int pictures);
    /// inTrash() may have changed.
    void trashChanged(int pictures);
    /// Where many are moved, how far that is; the last one has done == total.
    void progress(easel::gallery::PictureStore::Work work, int done, int total);
    /// The first of what could not be done by remove, undoRemove, restore or destroy.
    void failed(const easel::protocol::Problem& problem);

private:
    /// What tells that a file has changed.
    struct Facts {
        qint64 bytes = 0;
        qint64 modified = 0;

        bool operator==(const Facts&) const = default;
    };
    using Known = QHash<QString, Facts>;
    struct Removal {
        QString deletion;  ///< its folder in the trash
        int pictures = 0;
    };

    void scan();
    void deliverList(const QList<Picture>& pictures);
    void compare(const Known& known, int change);
    void deliverChanges(const QList<Picture>& fresh, const QStringList& gone, int change);
    void arrive(const QList<Picture>& pictures);
    void leave(const QStringList& paths);
    /// On the writer thread.
    void takeBack(const QStringList& inTrash);
    void deliverArriving();
    void tell(Work work, qsizetype done, qsizetype total);
    void tellFailure(const std::optional<protocol::Problem>& problem);
    void countTrash();
    protocol::Expected<Picture> write(const QByteArray& png,
                                      const protocol::GenerationSettings& settings) const;

    QString m_folder;
    QLockFile m_lock;  ///< held by the app that may sweep the trash
    Trash m_trash;
    std::vector<Removal> m_removals;
    int m_inTrash = 0;
    QFileSystemWatcher m_watcher;
    QTimer m_look;  ///< others often change many files at once
    QTimer m_sweep;
    Known m_known;            ///< what the library has
    QSet<QString> m_leaving;  ///< on their way to the trash
    int m_changes = 0;        ///< of our own: a list that was read across one may be half old
    bool m_opened = false;
    bool m_looking = false;
    QThreadPool m_scanner;
    QThreadPool m_writer;  ///< apart, so that a long scan holds up no picture
    std::atomic<bool> m_stopping = false;
    QMutex m_arrivingGuard;
    QList<Picture> m_arriving;  ///< are back in the folder; the GUI thread takes all that there are at once
};

/// Reads the file's facts and, where it is a PNG, its size and settings. Any thread.
Picture describeFile(const QString& path);

}  // namespace easel::gallery
