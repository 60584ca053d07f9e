// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture_model.h"

#include <QFileInfo>
#include <QMimeData>

#include <algorithm>

#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"

namespace easel::gallery {

namespace {

/// More separate runs of rows than this come or go in one reset: a view takes as long for each of them.
constexpr std::size_t kMostRuns = 64;

}  // namespace

PictureModel::PictureModel(PictureStore& store, Thumbnailer& thumbnailer, QObject* parent)
    : QAbstractListModel(parent), m_thumbnailer(thumbnailer) {
    connect(&store, &PictureStore::listed, this, &PictureModel::list);
    connect(&store, &PictureStore::described, this, &PictureModel::describe);
    connect(&store, &PictureStore::added, this, &PictureModel::insert);
    connect(&store, &PictureStore::removed, this, &PictureModel::remove);
    connect(&thumbnailer, &Thumbnailer::ready, this, [this](const QString& path) {
        if (const int row = pictureRow(path); row >= 0) {
            Q_EMIT dataChanged(index(row), index(row), {ThumbnailRole, BrokenRole});
        }
    });
}

int PictureModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : tileCount() + pictureCount();
}

QVariant PictureModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    if (const PendingTile* tile = tileAt(index.row())) {
        return tileData(*tile, role);
    }
    return pictureData(*pictureAt(index.row()), role);
}

QString PictureModel::accessibleText(const Picture& picture) const {
    if (!m_thumbnailer.isBroken(picture.path)) {
        return gallery::describe(picture);
    }
    return tr("%1\nThis file can’t be read as a picture.").arg(QFileInfo(picture.path).fileName());
}

QVariant PictureModel::pictureData(const Picture& picture, int role) const {
    switch (role) {
        case Qt::DisplayRole:
        case PromptRole:
            return promptOf(picture);
        case Qt::ToolTipRole:
            return asToolTip(accessibleText(picture));
        case Qt::AccessibleTextRole:
            return accessibleText(picture);
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
            return asToolTip(QStringLiteral("%1\n%2").arg(tile.note, tile.prompt));
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
    if (pictureAt(index.row()) != nullptr) {
        flags |= Qt::ItemIsDragEnabled;
    }
    return flags;
}

QStringList PictureModel::mimeTypes() const {
    return {QStringLiteral("text/uri-list")};
}

QMimeData* PictureModel::mimeData(const QModelIndexList& indexes) const {
    QStringList paths;
    for (const QModelIndex& index : indexes) {
        if (const Picture* picture = pictureAt(index.row())) {
            paths.append(picture->path);
        }
    }
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
    if (tileAt(row) == nullptr) {
        return;
    }
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

int PictureModel::placeOf(const Picture& picture) const {
    return static_cast<int>(std::ranges::lower_bound(m_pictures, picture, isNewer) - m_pictures.cbegin());
}

int PictureModel::pictureRow(const QString& path) const {
    const auto created = m_created.constFind(path);
    if (created == m_created.cend()) {
        return -1;
    }
    Picture key;
    key.path = path;
    key.created = *created;
    return tileCount() + placeOf(key);
}

void PictureModel::list(const QList<Picture>& pictures) {
    // Pictures that were added while the folder was being listed may be missing in the list.
    QList<Picture> merged = pictures;
    QHash<QString, QDateTime> created;
    created.reserve(pictures.size());
    for (const Picture& picture : pictures) {
        created.insert(picture.path, picture.created);
    }
    for (const Picture& picture : std::as_const(m_pictures)) {
        if (created.contains(picture.path)) {
            continue;
        }
        created.insert(picture.path, picture.created);
        merged.append(picture);
    }
    std::ranges::sort(merged, isNewer);
    m_thumbnailer.keepOnly(merged);

    beginResetModel();
    m_pictures = std::move(merged);
    m_created = std::move(created);
    endResetModel();
}

void PictureModel::describe(const QList<Picture>& pictures) {
    int first = rowCount();
    int last = -1;
    for (const Picture& picture : pictures) {
        const int row = pictureRow(picture.path);
        // One that was written to meanwhile keeps its place; the next look at the folder finds it.
        if (row < 0 || m_pictures[row - tileCount()].created != picture.created) {
            continue;
        }
        m_pictures[row - tileCount()] = picture;
        first = std::min(first, row);
        last = std::max(last, row);
    }
    if (last >= first) {
        Q_EMIT dataChanged(index(first), index(last));
    }
}

void PictureModel::insert(const QList<Picture>& pictures) {
    QStringList old;
    QList<Picture> sorted;
    for (const Picture& picture : pictures) {
        const Picture* known = pictureAt(pictureRow(picture.path));
        if (known && *known == picture) {
            continue;
        }
        if (known) {
            m_thumbnailer.retry(picture.path);
            old.append(picture.path);
        }
        sorted.append(picture);
    }
    remove(old);
    std::ranges::sort(sorted, isNewer);

    // Neighbours come in one go: each insertion costs a walk over the whole list, here and in every view.
    std::vector<std::pair<int, qsizetype>> runs;  ///< place in m_pictures as it is, first in `sorted`
    for (qsizetype i = 0; i < sorted.size(); ++i) {
        m_created.insert(sorted[i].path, sorted[i].created);
        const int place = placeOf(sorted[i]);
        if (runs.empty() || runs.back().first != place) {
            runs.emplace_back(place, i);
        }
    }
    const bool many = runs.size() > kMostRuns;
    if (many) {
        beginResetModel();
    }
    qsizetype end = sorted.size();
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        const auto [place, first] = *run;
        if (many) {
            break;
        }
        const int row = tileCount() + place;
        beginInsertRows({}, row, row + static_cast<int>(end - first) - 1);
        m_pictures.insert(place, end - first, Picture());
        std::copy(sorted.cbegin() + first, sorted.cbegin() + end, m_pictures.begin() + place);
        endInsertRows();
        end = first;
    }
    if (many) {
        const qsizetype before = m_pictures.size();
        m_pictures += sorted;
        std::inplace_merge(m_pictures.begin(), m_pictures.begin() + before, m_pictures.end(), isNewer);
        endResetModel();
    }
}

void PictureModel::remove(const QStringList& paths) {
    std::vector<int> places;
    for (const QString& path : paths) {
        if (const int row = pictureRow(path); row >= 0) {
            places.push_back(row - tileCount());
        }
    }
    std::ranges::sort(places);
    std::vector<std::pair<int, int>> runs;  ///< first and last
    for (const int place : places) {
        if (!runs.empty() && runs.back().second + 1 == place) {
            runs.back().second = place;
        } else {
            runs.emplace_back(place, place);
        }
    }
    for (const QString& path : paths) {
        m_created.remove(path);
    }
    if (runs.size() > kMostRuns) {
        beginResetModel();
        m_pictures.removeIf([this](const Picture& picture) { return !m_created.contains(picture.path); });
        endResetModel();
        return;
    }
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        beginRemoveRows({}, tileCount() + run->first, tileCount() + run->second);
        m_pictures.remove(run->first, run->second - run->first + 1);
        endRemoveRows();
    }
}

}  // namespace easel::gallery
