// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/gallery_view.h"

#include <QDrag>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QLocale>
#include <QMimeData>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>

#include <algorithm>

#include "desktop/gallery/picture_model.h"
#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/library/tile_delegate.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using gallery::PendingTile;
using gallery::PictureModel;

namespace {

bool isPicture(const QModelIndex& index) {
    return !index.data(PictureModel::PathRole).toString().isEmpty();
}

/// The first picture, with a count on it when there are more.
QPixmap dragPixmap(const QModelIndexList& dragged, qreal ratio) {
    constexpr int kEdge = 96;
    QPixmap pixmap(QSize(kEdge, kEdge) * ratio);
    pixmap.setDevicePixelRatio(ratio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const auto thumbnail = dragged.first().data(PictureModel::ThumbnailRole).value<QPixmap>();
    painter.drawPixmap(fittedInto({0, 0, kEdge, kEdge}, thumbnail.size()), thumbnail);
    if (dragged.size() > 1) {
        const QPalette palette = QGuiApplication::palette();
        const QRect badge(kEdge - 36, kEdge - 26, 34, 24);
        painter.setPen(Qt::NoPen);
        painter.setBrush(palette.color(QPalette::Highlight));
        painter.drawRoundedRect(badge, 12, 12);
        painter.setPen(palette.color(QPalette::HighlightedText));
        painter.drawText(badge, Qt::AlignCenter, QString::number(dragged.size()));
    }
    return pixmap;
}

}  // namespace

GalleryView::GalleryView(QWidget* parent) : QListView(parent), m_newAbove(new QPushButton(this)) {
    setViewMode(QListView::IconMode);
    setMovement(QListView::Static);
    setResizeMode(QListView::Adjust);
    setUniformItemSizes(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setDragEnabled(true);
    setDragDropMode(QAbstractItemView::DragOnly);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);  // Its room is always there: the cells never jump.
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setFrameShape(QFrame::NoFrame);
    setMouseTracking(true);
    setItemDelegate(new TileDelegate(this));
    viewport()->setBackgroundRole(QPalette::Window);
    setAccessibleName(tr("Pictures"));
    m_newAbove->setObjectName("newAboveButton");
    m_newAbove->setIcon(icon(QStringLiteral("chevron-up")));
    m_newAbove->setAutoDefault(false);
    m_newAbove->setFocusPolicy(Qt::TabFocus);
    m_newAbove->setToolTip(tr("Go to the newest (Ctrl+Home)"));
    m_newAbove->hide();
    connect(m_newAbove, &QPushButton::clicked, this, &QListView::scrollToTop);
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, &GalleryView::scrolled);
    connect(this, &QListView::doubleClicked, this, [this](const QModelIndex& index) {
        if (isPicture(index)) {
            Q_EMIT opened(index);
        }
    });
}

void GalleryView::setModel(QAbstractItemModel* model) {
    for (const auto& signal :
         {&QAbstractItemModel::rowsAboutToBeInserted, &QAbstractItemModel::rowsAboutToBeRemoved}) {
        connect(model, signal, this, &GalleryView::rememberPlace);
    }
    QListView::setModel(model);
    for (const auto& signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(model, signal, this, &GalleryView::syncCards);
    }
    connect(model, &QAbstractItemModel::modelReset, this, &GalleryView::syncCards);
    connect(model, &QAbstractItemModel::layoutChanged, this, &GalleryView::syncCards);
    connect(model, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& first) {
        if (!isPicture(first)) {
            syncCards();
        }
    });
    syncCards();
}

void GalleryView::setThumbnailSize(int edge) {
    m_edge = std::clamp(edge, kSmallest, kLargest);
    fitCells();
}

QStringList GalleryView::selectedPaths() const {
    QModelIndexList chosen = selectionModel()->selectedIndexes();
    std::sort(chosen.begin(), chosen.end());
    QStringList paths;
    for (const QModelIndex& index : chosen) {
        if (isPicture(index)) {
            paths << index.data(PictureModel::PathRole).toString();
        }
    }
    return paths;
}

int GalleryView::selectedCount() const {
    int count = 0;
    for (const QItemSelectionRange& range : selectionModel()->selection()) {
        count += range.height();
        for (int row = range.top(); row <= range.bottom() && !isPicture(model()->index(row, 0)); ++row) {
            --count;  // Pending tiles come first.
        }
    }
    return count;
}

void GalleryView::setNewAbove(int count) {
    m_newAbove->setText(tr("%1 new above").arg(QLocale().toString(count)));
    m_newAbove->setVisible(count > 0);
    placeButton();
}

bool GalleryView::isScrolled() const {
    return verticalScrollBar()->value() > 0;
}

void GalleryView::placeButton() {
    m_newAbove->resize(m_newAbove->sizeHint());
    m_newAbove->move((viewport()->width() - m_newAbove->width()) / 2, kUnit);
    m_newAbove->raise();
}

void GalleryView::rememberPlace() {
    // One change often follows another: a tile goes and its picture comes. The place before both counts.
    if (m_anchor.isValid() || !isScrolled()) {
        return;
    }
    m_anchor = indexAt(QPoint(gridSize().width() / 2, gridSize().height() / 2));
    m_anchorTop = visualRect(m_anchor).top();
    QMetaObject::invokeMethod(this, &GalleryView::keepPlace, Qt::QueuedConnection);
}

void GalleryView::keepPlace() {
    if (!m_anchor.isValid()) {
        return;
    }
    executeDelayedItemsLayout();
    verticalScrollBar()->setValue(verticalScrollBar()->value() + visualRect(m_anchor).top() - m_anchorTop);
    m_anchor = QPersistentModelIndex();
}

void GalleryView::select(const QList<int>& rows) {
    constexpr qsizetype kMostRanges = 64;  // A selection takes long to grow beyond.
    QItemSelection selection;
    for (qsizetype first = 0, i = 1; i <= rows.size(); ++i) {
        if (i < rows.size() && rows[i] == rows[i - 1] + 1) {
            continue;
        }
        selection.append(QItemSelectionRange(model()->index(rows[first], 0), model()->index(rows[i - 1], 0)));
        first = i;
    }
    if (selection.size() > kMostRanges) {
        selection.erase(selection.begin() + kMostRanges, selection.end());
    }
    const QModelIndex first = model()->index(rows.first(), 0);
    selectionModel()->setCurrentIndex(first, QItemSelectionModel::NoUpdate);
    selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
    scrollTo(first, QAbstractItemView::EnsureVisible);
}

void GalleryView::resizeEvent(QResizeEvent* event) {
    fitCells();
    QListView::resizeEvent(event);
    placeButton();
}

void GalleryView::keyPressEvent(QKeyEvent* event) {
    const bool open =
        event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Space;
    if (open && event->modifiers() == Qt::NoModifier && currentIndex().isValid()) {
        const PendingCard* card = cardAt(currentIndex());
        if (isPicture(currentIndex())) {
            Q_EMIT opened(currentIndex());
        } else if (card && card->tile().state == PendingTile::State::Failed) {
            Q_EMIT retryRequested(card->tile().id);
        }
        return;
    }
    if (event->key() == Qt::Key_Delete) {
        if (!event->isAutoRepeat()) {  // A key that is held would take picture after picture.
            removeSelected();
        }
        return;
    }
    QListView::keyPressEvent(event);
}

void GalleryView::contextMenuEvent(QContextMenuEvent* event) {
    // By the menu key it belongs to the current one, wherever the pointer is.
    const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
    const QModelIndex index = byKey ? currentIndex() : indexAt(event->pos());
    if (!index.isValid()) {
        return;
    }
    if (!selectionModel()->isSelected(index)) {
        setCurrentIndex(index);
    }
    Q_EMIT menuRequested(byKey ? viewport()->mapToGlobal(visualRect(index).center()) : event->globalPos());
}

void GalleryView::startDrag(Qt::DropActions) {
    QModelIndexList dragged = selectionModel()->selectedIndexes();
    std::sort(dragged.begin(), dragged.end());
    dragged.removeIf([](const QModelIndex& index) { return !isPicture(index); });
    if (dragged.isEmpty()) {
        return;
    }
    auto* drag = new QDrag(this);
    drag->setMimeData(model()->mimeData(dragged));
    drag->setPixmap(dragPixmap(dragged, devicePixelRatioF()));
    drag->exec(Qt::CopyAction);
}

void GalleryView::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) {
    QListView::selectionChanged(selected, deselected);
    // Not index by index: there may be thousands.
    for (PendingCard* card : viewport()->findChildren<PendingCard*>()) {
        const QModelIndex index = indexAt(card->geometry().center());
        for (const auto& [selection, on] : {std::pair(&selected, true), std::pair(&deselected, false)}) {
            if (selection->contains(index)) {
                card->setSelected(on);
            }
        }
    }
    Q_EMIT selectionCountChanged();
}

void GalleryView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QListView::currentChanged(current, previous);
    showCurrentCard(current);
}

void GalleryView::focusInEvent(QFocusEvent* event) {
    QListView::focusInEvent(event);
    showCurrentCard(currentIndex());
}

void GalleryView::focusOutEvent(QFocusEvent* event) {
    QListView::focusOutEvent(event);
    showCurrentCard({});
}

void GalleryView::showCurrentCard(const QModelIndex& current) {
    const PendingCard* at = hasFocus() ? cardAt(current) : nullptr;
    for (PendingCard* card : viewport()->findChildren<PendingCard*>()) {
        card->setCurrent(at && card == at);
    }
}

void GalleryView::removeSelected() {
    QModelIndexList chosen = selectionModel()->selectedIndexes();
    if (chosen.isEmpty() && currentIndex().isValid()) {
        chosen << currentIndex();
    }
    // Each removal moves the rows: what is to go is written down first.
    QList<PendingTile> tiles;
    for (const QModelIndex& index : chosen) {
        if (const PendingCard* card = cardAt(index)) {
            tiles << card->tile();
        }
    }
    if (tiles.size() < chosen.size()) {
        Q_EMIT deleteRequested();
    }
    for (const PendingTile& tile : tiles) {
        if (tile.state == PendingTile::State::Failed || tile.state == PendingTile::State::Stopping) {
            Q_EMIT dismissRequested(tile.id);
        } else {
            Q_EMIT cancelRequested(tile.id);
        }
    }
}

void GalleryView::fitCells() {
    const int room = viewport()->width() - 1;
    const int columns = std::max(1, room / (m_edge + 2 * kUnit));
    const int width = std::max(kSmallest, room / columns);
    const QSize cell(width, TileLayout::heightFor(width));
    if (cell == gridSize()) {
        return;
    }
    setIconSize({width, width});
    setGridSize(cell);
    verticalScrollBar()->setSingleStep(cell.height() / 3);
}

void GalleryView::syncCards() {
    // Pending tiles come first in the model.
    for (int row = 0; row < model()->rowCount(); ++row) {
        const QModelIndex index = model()->index(row, 0);
        const QVariant tile = index.data(PictureModel::PendingRole);
        if (!tile.isValid()) {
            break;
        }
        const auto pending = tile.value<PendingTile>();
        if (PendingCard* card = cardAt(index)) {
            card->setTile(pending);
            continue;
        }
        auto* card = new PendingCard(pending, viewport());
        connect(card, &PendingCard::cancelRequested, this, &GalleryView::cancelRequested);
        connect(card, &PendingCard::retryRequested, this, &GalleryView::retryRequested);
        connect(card, &PendingCard::dismissRequested, this, &GalleryView::dismissRequested);
        connect(card, &PendingCard::fetchModelRequested, this, &GalleryView::fetchModelRequested);
        connect(card, &PendingCard::sendHereRequested, this, &GalleryView::sendHereRequested);
        setIndexWidget(index, card);
    }
}

PendingCard* GalleryView::cardAt(const QModelIndex& index) const {
    return qobject_cast<PendingCard*>(indexWidget(index));
}

}  // namespace easel::ui
