// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSortFilterProxyModel>
#include <QStringList>

namespace easel::gallery {

/// Narrows the grid to pictures whose prompt (or seed) has every word of the search; the case and the order
/// of the words don't matter. Pending tiles always stay in sight. GUI thread.
class PictureFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

    void setSearch(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList m_words;
};

}  // namespace easel::gallery
