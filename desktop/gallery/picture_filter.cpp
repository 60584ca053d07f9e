// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture_filter.h"

#include <QRegularExpression>

#include <algorithm>

#include "desktop/gallery/picture_model.h"

namespace easel::gallery {

void PictureFilter::setSourceModel(QAbstractItemModel* model) {
    m_model = qobject_cast<PictureModel*>(model);
    QSortFilterProxyModel::setSourceModel(model);
    connect(model, &QAbstractItemModel::rowsInserted, this, [this] { Q_EMIT heldChanged(held()); });
    connect(model, &QAbstractItemModel::rowsAboutToBeRemoved, this,
            [this](const QModelIndex&, int first, int last) {
                for (int row = first; row <= last && m_holding; ++row) {
                    const PendingTile* tile = m_model->tileAt(row);
                    m_leaving += tile && m_tiles.contains(tile->id) ? 1 : 0;
                }
            });
    connect(model, &QAbstractItemModel::rowsRemoved, this, [this] {
        for (; m_leaving > 0; --m_leaving) {
            letOneIn();
        }
        Q_EMIT heldChanged(held());
    });
    connect(model, &QAbstractItemModel::modelReset, this, [this] { Q_EMIT heldChanged(held()); });
}

void PictureFilter::setSearch(const QString& text) {
    static const QRegularExpression blanks(QStringLiteral("\\s+"));
    m_words = text.split(blanks, Qt::SkipEmptyParts);
    invalidateFilter();
}

void PictureFilter::hold(bool on) {
    if (on == m_holding) {
        return;
    }
    const bool some = held() > 0;
    m_holding = on;
    m_tiles.clear();
    m_newest.reset();
    for (int row = 0; on && row < m_model->tileCount(); ++row) {
        m_tiles.insert(m_model->tileAt(row)->id);
    }
    if (const Picture* newest = m_model->pictureAt(m_model->tileCount()); on && newest) {
        m_newest = *newest;
    }
    if (some) {
        invalidateFilter();
        Q_EMIT heldChanged(0);
    }
}

int PictureFilter::held() const {
    int rows = 0;
    // What is held is on top: tiles, then the newest pictures.
    for (int row = 0; m_holding && row < m_model->rowCount(); ++row) {
        const bool held = isHeld(row);
        if (!held && m_model->pictureAt(row)) {
            break;
        }
        rows += held && matches(row) ? 1 : 0;
    }
    return rows;
}

void PictureFilter::letOneIn() {
    const Picture* oldest = nullptr;
    for (int row = m_model->tileCount(); row < m_model->rowCount() && isHeld(row); ++row) {
        oldest = matches(row) ? m_model->pictureAt(row) : oldest;
    }
    if (!oldest) {
        return;
    }
    m_newest = *oldest;
    invalidateFilter();
}

bool PictureFilter::isHeld(int row) const {
    if (!m_holding) {
        return false;
    }
    if (const PendingTile* tile = m_model->tileAt(row)) {
        return !m_tiles.contains(tile->id);
    }
    return m_newest && isNewer(*m_model->pictureAt(row), *m_newest);
}

bool PictureFilter::matches(int row) const {
    const Picture* picture = m_model->pictureAt(row);
    if (m_words.isEmpty() || !picture) {
        return true;
    }
    const QString prompt = promptOf(*picture);
    const QString seed = picture->settings ? QString::number(picture->settings->seed) : QString();
    return std::ranges::all_of(m_words, [&](const QString& word) {
        return prompt.contains(word, Qt::CaseInsensitive) || seed == word;
    });
}

bool PictureFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    return !isHeld(row) && matches(row);
}

}  // namespace easel::gallery
