// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractListModel>
#include <QList>
#include <QStringList>

#include "desktop/gallery/picture.h"

namespace easel::gallery {

class PictureStore;
class Thumbnailer;

/// The pictures that were deleted and can be brought back, newest deletion first, in PictureModel's roles.
/// Reads the trash whenever the store says that it has changed. Owned by who shows it; GUI thread.
class TrashModel : public QAbstractListModel {
    Q_OBJECT

public:
    TrashModel(PictureStore& store, Thumbnailer& thumbnailer, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    /// Of all of them.
    qint64 bytes() const;
    QStringList paths() const;

Q_SIGNALS:
    /// The trash has been read; comes once more than it changes.
    void read();

private:
    void readAgain();

    PictureStore& m_store;
    Thumbnailer& m_thumbnailer;
    QList<Picture> m_pictures;
};

}  // namespace easel::gallery
