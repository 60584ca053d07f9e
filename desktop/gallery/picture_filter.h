// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSet>
#include <QSortFilterProxyModel>
#include <QStringList>

#include <optional>

#include "desktop/gallery/picture.h"

namespace easel::gallery {

class PictureModel;

/// Narrows the grid to pictures whose prompt (or seed) has every word of the search; the case and the order
/// of the words don't matter. Pending tiles always stay in sight. While it holds, what is new on top waits
/// outside, so that nothing moves under the person's eyes. GUI thread.
class PictureFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

    /// Only over a PictureModel.
    void setSourceModel(QAbstractItemModel* model) override;
    void setSearch(const QString& text);
    /// From now on, what comes on top of what is there waits outside, except that one that waits takes the
    /// place of a tile that goes; false lets all of it in.
    void hold(bool on);
    /// How many wait.
    int held() const;

Q_SIGNALS:
    void heldChanged(int rows);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    bool isHeld(int row) const;
    bool matches(int row) const;
    void letOneIn();

    PictureModel* m_model = nullptr;
    QStringList m_words;
    bool m_holding = false;
    QSet<QString> m_tiles;            ///< that were there when the holding began
    std::optional<Picture> m_newest;  ///< of those that are in
    int m_leaving = 0;                ///< tiles that are going right now
};

}  // namespace easel::gallery
