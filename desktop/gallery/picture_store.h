// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QLockFile>
#include <QObject>
#include <QStringList>
#include <QThreadPool>

#include <atomic>
#include <functional>
#include <vector>

#include "desktop/gallery/picture.h"
#include "shared/protocol/problem.h"

namespace easel::gallery {

/// The pictures on disk: plain PNG files with infotext in one folder, no database beside them, so whatever
/// is in the folder is the library. Deleted pictures move to its ".trash" and can be brought back until the
/// next start. Keeps no list of its own: PictureModel does. Owned by main; GUI thread; scans and
/// writes on threads of its own.
class PictureStore : public QObject {
    Q_OBJECT

public:
    explicit PictureStore(const QString& folder, QObject* parent = nullptr);
    /// Stops a scan that is under way; finishes what is being written.
    ~PictureStore() override;

    /// Where pictures live unless told otherwise: "pictures" in the user's data folder.
    static QString defaultFolder();
    const QString& folder() const { return m_folder; }

    /// Makes the folder, empties the trash of earlier runs (unless another app has the folder open) and
    /// scans: `listed` once, then `described` in batches (newest first) and `scanned`. Errors: the folder
    /// can't be made or read.
    protocol::Expected<void> open();

    /// Writes a finished picture off the GUI thread, all of it or nothing. `settings.seed` is this picture's
    /// own; they are written into the file where it does not carry them already. Emits `added`, then calls
    /// `done` unless `context` is gone. Errors: disk full, no permission, no PNG.
    void add(const QByteArray& png, const protocol::GenerationSettings& settings, QObject* context,
             const std::function<void(protocol::Expected<Picture>)>& done);

    /// Moves pictures to the trash; emits `removed` for those that moved. Errors: the first that did not.
    protocol::Expected<void> remove(const QStringList& paths);
    /// Brings back what the last `remove` took; emits `added` for each. Errors: the first that did not come.
    protocol::Expected<void> undoRemove();
    /// How many pictures undoRemove would bring back; 0: nothing to undo.
    int undoable() const;

Q_SIGNALS:
    /// All files of the folder, newest first, not described yet.
    void listed(const QList<easel::gallery::Picture>& pictures);
    /// Some of them, with size and settings.
    void described(const QList<easel::gallery::Picture>& pictures);
    void scanned();
    void added(const easel::gallery::Picture& picture);
    void removed(const QStringList& paths);
    /// undoable() has changed.
    void undoChanged(int pictures);

private:
    struct Removal {
        QString path;
        QString inTrash;
    };

    void scan();
    protocol::Expected<Picture> write(const QByteArray& png,
                                      const protocol::GenerationSettings& settings) const;

    QString m_folder;
    QLockFile m_lock;  ///< held by the app that may empty the trash
    std::vector<std::vector<Removal>> m_removals;
    QThreadPool m_scanner;
    QThreadPool m_writer;  ///< apart, so that a long scan holds up no picture
    std::atomic<bool> m_stopping = false;
};

/// Reads the file's facts and, where it is a PNG, its size and settings. Any thread.
Picture describeFile(const QString& path);

}  // namespace easel::gallery
