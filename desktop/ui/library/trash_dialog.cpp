// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/trash_dialog.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QLocale>
#include <QMessageBox>
#include <QPushButton>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/ui/library/tile_delegate.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

namespace {

constexpr int kTile = 136;  ///< px, width of a cell
constexpr int kSign = 32;
constexpr QSize kSize(5 * kTile + 6 * kUnit, 480);

}  // namespace

TrashDialog::TrashDialog(gallery::PictureStore& store, gallery::Thumbnailer& thumbnailer, QWidget* parent)
    : QDialog(parent),
      m_store(store),
      m_model(store, thumbnailer),
      m_summary(captionLabel({}, this)),
      m_list(new QListView(this)),
      m_empty(new QPushButton(tr("&Empty…"), this)),
      m_destroy(new QPushButton(tr("&Delete for good…"), this)),
      m_restore(new QPushButton(tr("&Restore"), this)) {
    setObjectName("trashDialog");
    setWindowTitle(tr("Recently deleted"));
    resize(kSize);
    m_summary->setObjectName("trashSummary");
    m_list->setObjectName("trashList");
    m_list->setAccessibleName(tr("Deleted pictures"));
    m_list->setModel(&m_model);
    m_list->setItemDelegate(new TileDelegate(m_list));
    m_list->setViewMode(QListView::IconMode);
    m_list->setMovement(QListView::Static);
    m_list->setResizeMode(QListView::Adjust);
    m_list->setUniformItemSizes(true);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setMouseTracking(true);
    m_list->setIconSize({kTile, kTile});
    m_list->setGridSize({kTile, TileLayout::heightFor(kTile)});
    m_empty->setObjectName("emptyTrashButton");
    m_destroy->setObjectName("destroyButton");
    m_restore->setObjectName("restoreButton");
    auto* close = new QPushButton(tr("Close"), this);
    for (QPushButton* button : {m_empty, m_destroy, m_restore, close}) {
        button->setAutoDefault(false);
    }
    m_restore->setDefault(true);

    auto* foot = new QHBoxLayout;
    foot->addWidget(m_empty);
    foot->addStretch();
    for (QPushButton* button : {m_destroy, close, m_restore}) {
        foot->addWidget(button);
    }
    auto* column = new QVBoxLayout(this);
    column->setSpacing(kUnit);
    column->addWidget(m_summary);
    column->addWidget(m_list, 1);
    column->addLayout(foot);

    connect(&m_model, &gallery::TrashModel::read, this, &TrashDialog::showState);
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this, &TrashDialog::showState);
    connect(m_list, &QListView::doubleClicked, this, &TrashDialog::restore);
    connect(m_restore, &QPushButton::clicked, this, &TrashDialog::restore);
    connect(m_destroy, &QPushButton::clicked, this, [this] { destroy(selectedPaths()); });
    connect(m_empty, &QPushButton::clicked, this, [this] { destroy(m_model.paths()); });
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    showState();
    m_list->setFocus();
}

void TrashDialog::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Delete) {
        destroy(selectedPaths());
    } else {
        QDialog::keyPressEvent(event);
    }
}

void TrashDialog::showState() {
    const int count = m_model.rowCount();
    const bool some = m_list->selectionModel()->hasSelection();
    m_empty->setEnabled(count > 0);
    m_destroy->setEnabled(some);
    m_restore->setEnabled(some);
    m_summary->setText(
        count == 0
            ? tr("Nothing here. Deleted pictures can be brought back for %1 days.").arg(gallery::Trash::kDays)
            : tr("%1, %2. Each stays here for %3 days after it was deleted.")
                  .arg(pictures(count), QLocale().formattedDataSize(m_model.bytes(), 1))
                  .arg(gallery::Trash::kDays));
}

QStringList TrashDialog::selectedPaths() const {
    QStringList paths;
    for (const QModelIndex& index : m_list->selectionModel()->selectedIndexes()) {
        paths << index.data(gallery::PictureModel::PathRole).toString();
    }
    return paths;
}

void TrashDialog::restore() {
    if (const QStringList paths = selectedPaths(); !paths.isEmpty()) {
        m_store.restore(paths);
    }
}

void TrashDialog::destroy(const QStringList& paths) {
    if (paths.isEmpty()) {
        return;
    }
    auto* question = new QMessageBox(this);
    question->setObjectName("destroyQuestion");
    question->setWindowTitle(tr("Delete for good"));
    question->setIconPixmap(
        iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kSign, devicePixelRatioF()));
    question->setText(tr("Delete %1 for good?").arg(pictures(paths.size())));
    question->setInformativeText(tr("This can’t be undone."));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* yes = question->addButton(tr("&Delete for good"), QMessageBox::DestructiveRole);
    QPushButton* no = question->addButton(tr("Cancel"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    connect(yes, &QPushButton::clicked, this, [this, paths] { m_store.destroy(paths); });
    question->open();
}

}  // namespace easel::ui
