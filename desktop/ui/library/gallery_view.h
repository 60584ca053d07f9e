// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QListView>
#include <QPersistentModelIndex>

#include "desktop/preferences/preferences.h"

class QPushButton;

namespace easel::ui {

class PendingCard;

/// The grid of pictures and of those on their way. Its cells share the width evenly, so nothing is ragged at
/// the right. Owned by the library.
class GalleryView : public QListView {
    Q_OBJECT

public:
    static constexpr int kSmallest = 96;  ///< px, edge of a thumbnail
    static constexpr int kLargest = 384;

    explicit GalleryView(QWidget* parent = nullptr);

    void setModel(QAbstractItemModel* model) override;
    /// At least this wide, in device-independent pixels; a little more where that fills the row.
    void setThumbnailSize(int edge);
    int thumbnailSize() const { return m_edge; }
    /// Paths of the selected pictures, in the order of the grid.
    QStringList selectedPaths() const;
    int selectedCount() const;
    /// How many pictures wait above, out of sight; a button says so and leads there.
    void setNewAbove(int count);
    bool isScrolled() const;
    /// Selects these rows (in order), as far as they are not too scattered, and goes to the first.
    void select(const QList<int>& rows);

Q_SIGNALS:
    void opened(const QModelIndex& picture);
    /// Scrolled down from the top, or back to it.
    void scrolled();
    void selectionCountChanged();
    /// For the current picture or tile; `at` is a place on the screen.
    void menuRequested(const QPoint& at);
    /// Of the selected pictures.
    void deleteRequested();
    void cancelRequested(const QString& id);
    void retryRequested(const QString& id);
    void dismissRequested(const QString& id);
    void fetchModelRequested(const QString& id);
    void sendHereRequested(const QString& id);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void startDrag(Qt::DropActions actions) override;
    void selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void fitCells();
    void syncCards();
    void showCurrentCard(const QModelIndex& current);
    void removeSelected();
    /// The first picture in sight keeps its place while rows come and go above it.
    void rememberPlace();
    void keepPlace();
    void placeButton();
    PendingCard* cardAt(const QModelIndex& index) const;

    int m_edge = preferences::kThumbnailSize.usual;
    QPersistentModelIndex m_anchor;
    int m_anchorTop = 0;
    QPushButton* m_newAbove;
};

}  // namespace easel::ui
