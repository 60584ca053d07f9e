// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractListModel>
#include <QDateTime>
#include <QHash>
#include <QList>

#include "desktop/gallery/pending_tile.h"
#include "desktop/gallery/picture.h"

namespace easel::gallery {

class PictureStore;
class Thumbnailer;

/// What the grid shows: pending tiles on top (newest first), then the pictures, newest first. Fed by the
/// store's signals and, for the tiles, by the studio. Owned by main; GUI thread.
class PictureModel : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        PendingRole = Qt::UserRole,  ///< PendingTile; invalid for a picture
        PictureRole,                 ///< Picture; invalid for a pending tile
        IdRole,                      ///< QString: the tile's id or the picture's path; stable, unlike the row
        PathRole,                    ///< QString; empty for a pending tile
        PromptRole,                  ///< QString
        ThumbnailRole,               ///< QPixmap; null until it is made (dataChanged follows)
        BrokenRole,                  ///< bool: the file can't be read as a picture
        CreatedRole,                 ///< QDateTime
        SeedRole,                    ///< qint64; invalid where unknown
        SizeRole,                    ///< QSize in pixels; empty where unknown
    };

    PictureModel(PictureStore& store, Thumbnailer& thumbnailer, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    /// Also Qt::DisplayRole (prompt), ToolTipRole and AccessibleTextRole.
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QStringList mimeTypes() const override;
    /// Files for a drag; see mimeDataFor in exporter.h.
    QMimeData* mimeData(const QModelIndexList& indexes) const override;

    /// Adds the tile on top, or changes the one with its id.
    void putTile(const PendingTile& tile);
    void removeTile(const QString& id);

    int tileCount() const { return static_cast<int>(m_tiles.size()); }
    int pictureCount() const { return static_cast<int>(m_pictures.size()); }
    /// Row of the picture or tile with this IdRole, or -1.
    int rowOf(const QString& id) const;
    /// The picture in `row`, or null for a tile or a row that does not exist.
    const Picture* pictureAt(int row) const;
    /// The tile in `row`, or null.
    const PendingTile* tileAt(int row) const;
    Thumbnailer& thumbnailer() const { return m_thumbnailer; }

private:
    void list(const QList<Picture>& pictures);
    void describe(const QList<Picture>& pictures);
    void insert(const QList<Picture>& pictures);
    void remove(const QStringList& paths);
    int pictureRow(const QString& path) const;
    int placeOf(const Picture& picture) const;
    QString accessibleText(const Picture& picture) const;
    QVariant pictureData(const Picture& picture, int role) const;
    static QVariant tileData(const PendingTile& tile, int role);

    Thumbnailer& m_thumbnailer;
    QList<PendingTile> m_tiles;
    QList<Picture> m_pictures;
    QHash<QString, QDateTime> m_created;  ///< by path: with it a search in the sorted list finds the row
};

}  // namespace easel::gallery
