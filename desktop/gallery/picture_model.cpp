// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture_model.h"

#include <QMimeData>

#include <algorithm>

#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"

namespace easel::gallery {

PictureModel::PictureModel(PictureStore& store, Thumbnailer& thumbnailer, QObject* parent)
    : QAbstractListModel(parent), m_thumbnailer(thumbnailer) {
    connect(&store, &PictureStore::listed, this, &PictureModel::list);
    connect(&store, &PictureStore::described, this, &PictureModel::describe);
    connect(&store, &PictureStore::added, this, &PictureModel::insert);
    connect(&store, &PictureStore::removed, this, &PictureModel::remove);
    connect(&thumbnailer, &Thumbnailer::ready, this, [this](const QString& path) {
        if (const int row = pictureRow(path); row >= 0)
            Q_EMIT dataChanged(index(row), index(row), {ThumbnailRole, BrokenRole});
    });
}

int PictureModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : tileCount() + pictureCount();
}

QVariant PictureModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (const PendingTile* tile = tileAt(index.row()))
        return tileData(*tile, role);
    return pictureData(*pictureAt(index.row()), role);
}

QVariant PictureModel::pictureData(const Picture& picture, int role) const {
    switch (role) {
        case Qt::DisplayRole:
        case PromptRole:
            return promptOf(picture);
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole:
            return gallery::describe(picture);
        case PictureRole:
            return QVariant::fromValue(picture);
        case IdRole:
        case PathRole:
            return picture.path;
        case ThumbnailRole:
            return m_thumbnailer.find(picture);
        case BrokenRole:
            return m_thumbnailer.isBroken(picture.path);
        case CreatedRole:
            return picture.created;
        case SeedRole:
            return picture.settings ? QVariant(static_cast<qint64>(picture.settings->seed)) : QVariant();
        case SizeRole:
            return picture.size;
        default:
            return {};
    }
}

QVariant PictureModel::tileData(const PendingTile& tile, int role) {
    switch (role) {
        case Qt::DisplayRole:
        case PromptRole:
            return tile.prompt;
        case Qt::ToolTipRole:
        case Qt::AccessibleTextRole:
            return QStringLiteral("%1\n%2").arg(tile.prompt, tile.note);
        case PendingRole:
            return QVariant::fromValue(tile);
        case IdRole:
            return tile.id;
        case SizeRole:
            return tile.size;
        default:
            return {};
    }
}

Qt::ItemFlags PictureModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractListModel::flags(index);
    if (pictureAt(index.row()) != nullptr)
        flags |= Qt::ItemIsDragEnabled;
    return flags;
}

QStringList PictureModel::mimeTypes() const {
    return {QStringLiteral("text/uri-list")};
}

QMimeData* PictureModel::mimeData(const QModelIndexList& indexes) const {
    QStringList paths;
    for (const QModelIndex& index : indexes)
        if (const Picture* picture = pictureAt(index.row()))
            paths.append(picture->path);
    return paths.isEmpty() ? nullptr : mimeDataFor(paths).release();
}

void PictureModel::putTile(const PendingTile& tile) {
    const int row = rowOf(tile.id);
    if (row < 0) {
        beginInsertRows({}, 0, 0);
        m_tiles.prepend(tile);
        endInsertRows();
    } else if (m_tiles[row] != tile) {
        m_tiles[row] = tile;
        Q_EMIT dataChanged(index(row), index(row));
    }
}

void PictureModel::removeTile(const QString& id) {
    const int row = rowOf(id);
    if (tileAt(row) == nullptr)
        return;
    beginRemoveRows({}, row, row);
    m_tiles.removeAt(row);
    endRemoveRows();
}

int PictureModel::rowOf(const QString& id) const {
    const auto tile = std::ranges::find(m_tiles, id, &PendingTile::id);
    return tile != m_tiles.end() ? static_cast<int>(tile - m_tiles.begin()) : pictureRow(id);
}

const Picture* PictureModel::pictureAt(int row) const {
    const int position = row - tileCount();
    return position >= 0 && position < pictureCount() ? &m_pictures[position] : nullptr;
}

const PendingTile* PictureModel::tileAt(int row) const {
    return row >= 0 && row < tileCount() ? &m_tiles[row] : nullptr;
}

int PictureModel::pictureRow(const QString& path) const {
    if (m_positions.isEmpty()) {
        m_positions.reserve(m_pictures.size());
        for (int i = 0; i < pictureCount(); ++i)
            m_positions.insert(m_pictures[i].path, i);
    }
    const int position = m_positions.value(path, -1);
    return position < 0 ? -1 : tileCount() + position;
}

void PictureModel::list(const QList<Picture>& pictures) {
    // Pictures that were added while the folder was being listed may be missing in the list.
    QList<Picture> merged = pictures;
    QSet<QString> paths;
    for (const Picture& picture : pictures)
        paths.insert(picture.path);
    for (const Picture& picture : std::as_const(m_pictures))
        if (!paths.contains(picture.path))
            merged.append(picture);
    std::ranges::sort(merged, isNewer);
    m_thumbnailer.keepOnly(merged);

    beginResetModel();
    m_pictures = std::move(merged);
    m_positions.clear();
    endResetModel();
}

void PictureModel::describe(const QList<Picture>& pictures) {
    int first = rowCount();
    int last = -1;
    for (const Picture& picture : pictures) {
        const int row = pictureRow(picture.path);
        if (row < 0)
            continue;
        m_pictures[row - tileCount()] = picture;
        first = std::min(first, row);
        last = std::max(last, row);
    }
    if (last >= first)
        Q_EMIT dataChanged(index(first), index(last));
}

void PictureModel::insert(const Picture& picture) {
    if (pictureRow(picture.path) >= 0)
        return;
    const auto place = std::ranges::lower_bound(std::as_const(m_pictures), picture, isNewer);
    const auto position = static_cast<int>(place - m_pictures.cbegin());
    const int row = tileCount() + position;
    beginInsertRows({}, row, row);
    m_pictures.insert(position, picture);
    m_positions.clear();
    endInsertRows();
}

void PictureModel::remove(const QStringList& paths) {
    for (const QString& path : paths) {
        const int row = pictureRow(path);
        if (row < 0)
            continue;
        beginRemoveRows({}, row, row);
        m_pictures.removeAt(row - tileCount());
        m_positions.clear();
        endRemoveRows();
    }
}

}  // namespace easel::gallery
