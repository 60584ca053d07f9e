// SPDX-License-Identifier: Apache-2.0
#include <QFileInfo>
#include <QPointer>

#include <algorithm>
#include <utility>

#include "desktop/gallery/picture_store.h"

// Deleting and bringing back. The files are moved on the writer thread, one request after the other, so that
// what is undone in the middle of it waits for its end.
namespace easel::gallery {

namespace {

constexpr qsizetype kBatch = 200;  ///< pictures that come back in one message to the GUI thread
constexpr qsizetype kProgressStep = 500;

}  // namespace

void PictureStore::remove(const QStringList& paths) {
    if (paths.isEmpty()) {
        return;
    }
    const QString deletion = m_trash.newDeletion();
    const auto count = static_cast<int>(paths.size());
    m_removals.push_back({deletion, count});
    ++m_changes;
    for (const QString& path : paths) {
        m_leaving.insert(path);
    }
    leave(paths);
    Q_EMIT undoChanged(undoable());
    m_writer.start([this, paths, deletion] {
        QList<Picture> stuck;
        std::optional<protocol::Problem> problem;
        int moved = 0;
        for (qsizetype i = 0; i < paths.size(); ++i) {
            auto inTrash = Trash::put(paths[i], deletion);
            moved += inTrash ? 1 : 0;
            // A file that somebody else has deleted is gone from the library all the same.
            if (!inTrash && QFileInfo::exists(paths[i])) {
                stuck.append(describeFile(paths[i]));
                problem = problem ? problem : inTrash.error();
            }
            tell(Work::Deleting, i + 1, paths.size());
        }
        QMetaObject::invokeMethod(this, [this, paths, deletion, stuck, problem, moved] {
            ++m_changes;
            for (const QString& path : paths) {
                m_leaving.remove(path);
            }
            arrive(stuck);
            const auto removal = std::ranges::find(m_removals, deletion, &Removal::deletion);
            if (removal != m_removals.end() && removal->pictures != moved) {
                removal->pictures = moved;
                if (moved == 0) {
                    m_removals.erase(removal);
                }
                Q_EMIT undoChanged(undoable());
            }
            tellFailure(problem);
        });
    });
    countTrash();
}

void PictureStore::undoRemove() {
    if (m_removals.empty()) {
        return;
    }
    const QString deletion = m_removals.back().deletion;
    m_removals.pop_back();
    Q_EMIT undoChanged(undoable());
    m_writer.start([this, deletion] {
        QStringList inTrash;
        for (const Picture& picture : Trash(deletion).list()) {
            inTrash.append(picture.path);
        }
        takeBack(inTrash);
    });
    countTrash();
}

void PictureStore::restore(const QStringList& inTrash) {
    m_writer.start([this, inTrash] { takeBack(inTrash); });
    countTrash();
}

void PictureStore::takeBack(const QStringList& inTrash) {
    QStringList paths;
    QList<Picture> batch;
    std::optional<protocol::Problem> problem;
    const auto deliver = [&] {
        const QMutexLocker guard(&m_arrivingGuard);
        m_arriving += std::exchange(batch, {});
        QMetaObject::invokeMethod(this, &PictureStore::deliverArriving, Qt::QueuedConnection);
    };
    for (qsizetype i = 0; i < inTrash.size(); ++i) {
        if (auto path = Trash::takeBack(inTrash[i], m_folder)) {
            paths.append(*path);
            if (!m_stopping) {
                batch.append(describeFile(*path));
            }
        } else if (!problem) {
            problem = path.error();
        }
        if (batch.size() == kBatch) {
            deliver();
        }
        tell(Work::Restoring, i + 1, inTrash.size());
    }
    deliver();
    QMetaObject::invokeMethod(this, [this, paths, problem] {
        Q_EMIT restored(paths);
        tellFailure(problem);
    });
}

void PictureStore::deliverArriving() {
    QMutexLocker guard(&m_arrivingGuard);
    const QList<Picture> pictures = std::exchange(m_arriving, {});
    guard.unlock();
    ++m_changes;
    arrive(pictures);
}

void PictureStore::destroy(const QStringList& inTrash) {
    m_writer.start([this, inTrash] {
        std::optional<protocol::Problem> problem;
        for (qsizetype i = 0; i < inTrash.size(); ++i) {
            if (auto destroyed = m_trash.destroy(inTrash[i]); !destroyed && !problem) {
                problem = destroyed.error();
            }
            tell(Work::Destroying, i + 1, inTrash.size());
        }
        QMetaObject::invokeMethod(this, [this, problem] { tellFailure(problem); });
    });
    countTrash();
}

void PictureStore::tell(Work work, qsizetype done, qsizetype total) {
    if (total >= kProgressStep && (done % kProgressStep == 0 || done == total)) {
        QMetaObject::invokeMethod(
            this, [this, work, done, total] { Q_EMIT progress(work, int(done), int(total)); });
    }
}

void PictureStore::tellFailure(const std::optional<protocol::Problem>& problem) {
    if (problem) {
        Q_EMIT failed(*problem);
    }
}

void PictureStore::listTrash(QObject* context, const std::function<void(QList<Picture>)>& done) {
    m_writer.start([this, done, guard = QPointer<QObject>(context)] {
        const QList<Picture> pictures = m_trash.list();
        QMetaObject::invokeMethod(this, [pictures, guard, done] {
            if (guard) {
                done(pictures);
            }
        });
    });
}

void PictureStore::countTrash() {
    listTrash(this, [this](const QList<Picture>& pictures) {
        m_inTrash = static_cast<int>(pictures.size());
        Q_EMIT trashChanged(m_inTrash);
    });
}

int PictureStore::undoable() const {
    return m_removals.empty() ? 0 : m_removals.back().pictures;
}

}  // namespace easel::gallery
