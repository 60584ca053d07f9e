// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QList>
#include <QString>

#include "desktop/gallery/picture.h"
#include "shared/protocol/problem.h"

namespace easel::gallery {

/// Deleted pictures, kept under their own names in one folder for each deletion, which is named after its
/// time (UTC), so nothing but the folders has to be remembered. Owned by the store; newDeletion on its
/// thread, all else on any, as the files themselves are the state.
class Trash {
public:
    static constexpr int kDays = 30;  ///< that a picture stays

    explicit Trash(QString folder) : m_folder(std::move(folder)) {}

    /// The folder of a deletion that begins now; another one each time.
    QString newDeletion();
    /// Moves a picture into the folder of a deletion; returns where it is now.
    static protocol::Expected<QString> put(const QString& path, const QString& deletion);
    /// Moves a picture of the trash into `home`, under its own name where that is free.
    static protocol::Expected<QString> takeBack(const QString& path, const QString& home);
    protocol::Expected<void> destroy(const QString& path) const;
    /// Destroys what was deleted more than kDays before `now`.
    void sweep(const QDateTime& now) const;

    /// Newest deletion first; not described. `created` is the time of the deletion.
    QList<Picture> list() const;

private:
    QString m_folder;
    QDateTime m_latest;
};

}  // namespace easel::gallery
