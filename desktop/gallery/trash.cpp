// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/trash.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QObject>

#include <algorithm>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/file_name.h"

namespace easel::gallery {

namespace {

constexpr char kTimeFormat[] = "yyyy-MM-dd_HH-mm-ss-zzz";

QDateTime timeOfDeletion(const QFileInfo& file) {
    QDateTime time = QDateTime::fromString(file.dir().dirName(), QLatin1String(kTimeFormat));
    time.setTimeSpec(Qt::UTC);
    // Not in a folder of ours: moving it here was the last change of its entry.
    return time.isValid() ? time : file.metadataChangeTime();
}

protocol::Expected<QString> move(const QString& path, const QString& folder) {
    const QFileInfo file(path);
    if (!QDir().mkpath(folder)) {
        return tl::unexpected(cannotWrite(path, 0, QObject::tr("%1 can't be made").arg(folder)));
    }
    QString target = freePath(folder, file.completeBaseName(), file.suffix());
    QFile picture(path);
    if (!picture.rename(target)) {
        return tl::unexpected(cannotWrite(path, 0, picture.errorString()));
    }
    return target;
}

}  // namespace

QString Trash::newDeletion() {
    const QDateTime now = QDateTime::currentDateTimeUtc();
    m_latest = m_latest.isValid() ? std::max(now, m_latest.addMSecs(1)) : now;
    return m_folder + '/' + m_latest.toString(QLatin1String(kTimeFormat));
}

protocol::Expected<QString> Trash::put(const QString& path, const QString& deletion) {
    return move(path, deletion);
}

protocol::Expected<QString> Trash::takeBack(const QString& path, const QString& home) {
    auto back = move(path, home);
    QDir().rmdir(QFileInfo(path).path());  // Only when it is empty now.
    return back;
}

protocol::Expected<void> Trash::destroy(const QString& path) const {
    QFile file(path);
    const QString deletion = QFileInfo(path).path();
    if (!deletion.startsWith(m_folder) || (!file.remove() && file.exists())) {
        return tl::unexpected(cannotWrite(path, 0, file.errorString()));
    }
    if (deletion != m_folder) {
        QDir().rmdir(deletion);
    }
    return {};
}

void Trash::sweep(const QDateTime& now) const {
    for (const Picture& picture : list()) {
        if (picture.created.daysTo(now) > kDays) {
            (void)destroy(picture.path);  // What can't be removed is tried again the next time.
        }
    }
}

QList<Picture> Trash::list() const {
    QList<Picture> pictures;
    QDirIterator files(m_folder, {QStringLiteral("*.png")}, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        files.next();
        const QFileInfo file = files.fileInfo();
        Picture picture;
        picture.path = file.absoluteFilePath();
        picture.bytes = file.size();
        picture.modified = file.lastModified().toMSecsSinceEpoch();
        picture.created = timeOfDeletion(file);
        pictures.append(picture);
    }
    std::ranges::sort(pictures, isNewer);
    return pictures;
}

}  // namespace easel::gallery
