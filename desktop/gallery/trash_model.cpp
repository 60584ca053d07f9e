// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/trash_model.h"

#include <QLocale>

#include <numeric>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"

namespace easel::gallery {

namespace {

QString when(const Picture& picture) {
    const QString time = QLocale().toString(picture.created.toLocalTime(), QLocale::ShortFormat);
    return QObject::tr("Deleted %1").arg(time);
}

}  // namespace

TrashModel::TrashModel(PictureStore& store, Thumbnailer& thumbnailer, QObject* parent)
    : QAbstractListModel(parent), m_store(store), m_thumbnailer(thumbnailer) {
    connect(&store, &PictureStore::trashChanged, this, &TrashModel::readAgain);
    connect(&thumbnailer, &Thumbnailer::ready, this, [this](const QString& path) {
        for (int row = 0; row < rowCount(); ++row) {
            if (m_pictures[row].path == path) {
                Q_EMIT dataChanged(index(row), index(row));
            }
        }
    });
    readAgain();
}

void TrashModel::readAgain() {
    m_store.listTrash(this, [this](const QList<Picture>& pictures) {
        if (pictures != m_pictures) {
            beginResetModel();
            m_pictures = pictures;
            endResetModel();
        }
        Q_EMIT read();
    });
}

int TrashModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_pictures.size());
}

QVariant TrashModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const Picture& picture = m_pictures[index.row()];
    switch (role) {
        case Qt::DisplayRole:
        case PictureModel::PromptRole:
            return promptOf(picture);
        case Qt::ToolTipRole:
            return asToolTip(promptOf(picture) + '\n' + when(picture));
        case Qt::AccessibleTextRole:
            return QStringLiteral("%1\n%2").arg(promptOf(picture), when(picture));
        case PictureModel::PathRole:
            return picture.path;
        case PictureModel::ThumbnailRole:
            return m_thumbnailer.find(picture);
        case PictureModel::BrokenRole:
            return m_thumbnailer.isBroken(picture.path);
        default:
            return {};
    }
}

qint64 TrashModel::bytes() const {
    return std::accumulate(m_pictures.cbegin(), m_pictures.cend(), qint64(0),
                           [](qint64 sum, const Picture& picture) { return sum + picture.bytes; });
}

QStringList TrashModel::paths() const {
    QStringList paths;
    for (const Picture& picture : m_pictures) {
        paths << picture.path;
    }
    return paths;
}

}  // namespace easel::gallery
