// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCache>
#include <QList>
#include <QObject>
#include <QPixmap>
#include <QSet>
#include <QString>
#include <QThreadPool>

#include <vector>

#include "desktop/gallery/picture.h"

namespace easel::gallery {

/// Small versions of pictures, made off the GUI thread and kept: in memory up to a bound, and as files in
/// the cache folder (named after path, time and size, so a changed file gets a new one). The newest wish is
/// served first; wishes that scrolled away are dropped and made again when they are next painted. Owned by
/// main; GUI thread.
class Thumbnailer : public QObject {
    Q_OBJECT

public:
    static constexpr int kEdge = 384;  ///< pixels of the longer side

    explicit Thumbnailer(QString cacheFolder, QObject* parent = nullptr);
    ~Thumbnailer() override;

    /// "thumbnails" in the user's cache folder.
    static QString defaultFolder();

    /// The thumbnail if it is in memory; else a null pixmap, and `ready` will tell.
    QPixmap find(const Picture& picture);
    /// Deletes from the cache folder what belongs to none of `pictures`, off the GUI thread.
    void keepOnly(const QList<Picture>& pictures);
    /// Files that can't be read as a picture; a broken one is not tried again.
    bool isBroken(const QString& path) const { return m_broken.contains(path); }
    /// The file has changed: it may be one by now.
    void retry(const QString& path);
    /// Nothing is being made or waiting to be.
    bool isIdle() const { return m_wishes.empty() && m_running.isEmpty(); }
    /// How many thumbnails were decoded from the pictures themselves, not from the cache folder.
    int made() const { return m_made; }

Q_SIGNALS:
    /// find() has it now, or isBroken() says that there will be none.
    void ready(const QString& path);

private:
    void startNext();
    void deliver(const Picture& picture, const QImage& image, bool made);

    QString m_folder;
    QCache<QString, QPixmap> m_memory;
    std::vector<Picture> m_wishes;  ///< a stack: the last is made first
    QSet<QString> m_running;
    QSet<QString> m_broken;
    int m_made = 0;
    QThreadPool m_threads;
};

}  // namespace easel::gallery
