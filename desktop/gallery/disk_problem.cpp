// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/disk_problem.h"

#include <QDir>
#include <QFileInfo>
#include <QObject>

#include <filesystem>
#include <system_error>

namespace easel::gallery {

namespace {

protocol::Problem make(const char* code, const QString& title, const QString& detail) {
    return {0, code, title.toStdString(), detail.toStdString(), std::nullopt};
}

}  // namespace

protocol::Problem cannotWrite(const QString& path, qint64 bytes, const QString& reason) {
    const QString folder = QFileInfo(path).absolutePath();
    const QString shown = QDir::toNativeSeparators(path);
    // Not QStorageInfo: it knows a disk only by the table of mounts, which a container may not show.
    std::error_code unknown;
    const auto disk = std::filesystem::space(folder.toStdString(), unknown);
    if (!unknown && disk.available < static_cast<std::uintmax_t>(bytes)) {
        return make(
            kDiskFull, QObject::tr("The disk is full"),
            QObject::tr("There is no room for %1. Free some space on its disk and try again.").arg(shown));
    }
    return make(kNotWritable, QObject::tr("The file can't be written"),
                QObject::tr("%1 can't be written: %2. Check that the folder exists and is yours to write in.")
                    .arg(shown, reason));
}

protocol::Problem cannotRead(const QString& path, const QString& reason) {
    return make(kNotReadable, QObject::tr("The file can't be read"),
                QObject::tr("%1 can't be read: %2. It may have been moved or deleted.")
                    .arg(QDir::toNativeSeparators(path), reason));
}

protocol::Problem brokenPicture(const QString& name, const QString& reason) {
    return make(kBrokenPicture, QObject::tr("The picture is broken"),
                QObject::tr("%1 can't be used: %2.").arg(name, reason));
}

}  // namespace easel::gallery
