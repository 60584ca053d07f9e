// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStyledItemDelegate>

namespace easel::ui {

/// Where things are in one cell of the grid.
struct TileLayout {
    QRect picture;
    QRect caption;

    /// `cell` as the grid gives it.
    static TileLayout in(const QRect& cell);
    /// The height of a cell of this width.
    static int heightFor(int width);
};

/// `size` scaled to fit into `area`, in its middle; a square when the size is not known.
QRect fittedInto(const QRect& area, const QSize& size);
/// `text` in at most two lines of the caption font, with an ellipsis.
void drawCaption(QPainter* painter, const QRect& rect, const QString& text, const QPalette& palette);

/// Paints a picture of the grid: thumbnail, selection, and its prompt beneath. Pending tiles are widgets of
/// their own (PendingCard) and not painted here.
class TileDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

/// Paints the same thumbnail small and without words, for the film strip.
class StripDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    static constexpr int kEdge = 56;

    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace easel::ui
