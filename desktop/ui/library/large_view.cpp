// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/large_view.h"

#include <QDrag>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QLocale>
#include <QMimeData>
#include <QToolButton>

#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/ui/library/details_panel.h"
#include "desktop/ui/library/image_loader.h"
#include "desktop/ui/library/picture_canvas.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using gallery::PictureModel;

namespace {

constexpr double kKeyZoom = 1.25;
constexpr int kDragEdge = 96;  ///< px

}  // namespace

LargeView::LargeView(QAbstractItemModel* pictures, QWidget* parent)
    : QWidget(parent),
      m_pictures(pictures),
      m_loader(new ImageLoader(this)),
      m_canvas(new PictureCanvas(this)),
      m_details(new DetailsPanel(this)),
      m_strip(filmStrip()),
      m_position(new QLabel(this)),
      m_zoom(new QLabel(this)),
      m_info(tool("detailsButton", QStringLiteral("info"), tr("Details (I)"))),
      m_back(tool("backButton", QStringLiteral("chevron-left"), tr("Back to all pictures (Esc)"))),
      m_previous(tool("previousButton", QStringLiteral("chevron-left"), tr("Previous (Left)"))),
      m_next(tool("nextButton", QStringLiteral("chevron-right"), tr("Next (Right)"))),
      m_header(buildHeader()),
      m_foot(buildFoot()) {
    setObjectName("largeView");
    setFocusPolicy(Qt::StrongFocus);
    setContextMenuPolicy(Qt::CustomContextMenu);
    m_canvas->setObjectName("pictureCanvas");

    auto* left = new QVBoxLayout;
    left->setSpacing(0);
    left->addWidget(m_canvas, 1);
    left->addWidget(m_foot);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    middle->addLayout(left, 1);
    middle->addWidget(m_details);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_header);
    column->addLayout(middle, 1);
    connectParts();
    showParts();
}

void LargeView::connectParts() {
    connect(m_back, &QToolButton::clicked, this, &LargeView::closed);
    connect(m_previous, &QToolButton::clicked, this, &LargeView::previous);
    connect(m_next, &QToolButton::clicked, this, &LargeView::next);
    connect(m_info, &QToolButton::clicked, this, [this](bool shown) {
        setDetailsShown(shown);
        Q_EMIT detailsShownChanged(shown);
    });
    connect(m_strip, &QListView::clicked, this, &LargeView::show);
    connect(m_canvas, &PictureCanvas::zoomChanged, this, &LargeView::showZoom);
    connect(m_canvas, &PictureCanvas::dragRequested, this, &LargeView::drag);
    connect(m_details, &DetailsPanel::useSettingsRequested, this, &LargeView::useSettingsRequested);
    connect(m_details, &DetailsPanel::usePictureRequested, this, &LargeView::usePictureRequested);
    connect(m_details, &DetailsPanel::copyPromptRequested, this, &LargeView::copyPromptRequested);
    connect(m_details, &DetailsPanel::showInFolderRequested, this, &LargeView::showInFolderRequested);
    connect(m_loader, &ImageLoader::loaded, this, [this](const QString& path, const QImage& image) {
        if (path == m_path) {
            m_canvas->setImage(image, m_current.data(PictureModel::SizeRole).toSize());
        }
    });
    connect(m_loader, &ImageLoader::failed, this,
            [this](const QString& path, const protocol::Problem& problem) {
                if (path == m_path) {  // Where there is a thumbnail, it stays.
                    m_canvas->setImage(m_current.data(PictureModel::ThumbnailRole).value<QPixmap>().toImage(),
                                       m_current.data(PictureModel::SizeRole).toSize(),
                                       QString::fromStdString(problem.detail));
                }
            });
    connect(m_pictures, &QAbstractItemModel::rowsRemoved, this, &LargeView::replaceLost);
    connect(m_pictures, &QAbstractItemModel::modelReset, this, &LargeView::replaceLost);
    connect(m_pictures, &QAbstractItemModel::rowsInserted, this, &LargeView::showPosition);
    connect(
        m_pictures, &QAbstractItemModel::dataChanged, this,
        [this](const QModelIndex& a, const QModelIndex& b) {
            if (m_current.isValid() && m_current.row() >= a.row() && m_current.row() <= b.row()) {
                m_details->setPicture(m_current.data(PictureModel::PictureRole).value<gallery::Picture>());
            }
        });
}

void LargeView::setPictureOnly(bool on) {
    m_pictureOnly = on;
    showParts();
}

void LargeView::setDetailsShown(bool shown) {
    m_showDetails = shown;
    showParts();
}

void LargeView::showParts() {
    m_header->setVisible(!m_pictureOnly);
    m_foot->setVisible(!m_pictureOnly);
    m_info->setChecked(m_showDetails);
    // In a narrow window they would leave less for the picture than they take.
    m_details->setVisible(m_showDetails && !m_pictureOnly && width() >= 2 * DetailsPanel::kWidth);
    layout()->activate();  // Not a moment later: the picture would be seen in two sizes.
}

void LargeView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    showParts();
}

void LargeView::showZoom() {
    const QString figure = QLocale().toString(qRound(m_canvas->zoom() * 100));
    m_zoom->setText(m_canvas->image().isNull() ? QString() : tr("%1 %").arg(figure));
    m_zoom->setAccessibleName(tr("Zoom: %1").arg(m_zoom->text()));
}

void LargeView::drag() {
    auto* drag = new QDrag(this);
    drag->setMimeData(gallery::mimeDataFor({m_path}).release());
    const auto thumbnail = m_current.data(PictureModel::ThumbnailRole).value<QPixmap>();
    drag->setPixmap(thumbnail.scaled(kDragEdge, kDragEdge, Qt::KeepAspectRatio, Qt::SmoothTransformation));
    drag->exec(Qt::CopyAction);
}

QModelIndex LargeView::indexOf(const QString& path) const {
    const QModelIndexList found =
        m_pictures->match(m_pictures->index(0, 0), PictureModel::PathRole, path, 1, Qt::MatchExactly);
    return found.isEmpty() ? QModelIndex() : found.first();
}

void LargeView::open(const QString& path) {
    if (const QModelIndex index = indexOf(path); index.isValid()) {
        show(index);
    }
    setFocus(Qt::OtherFocusReason);
}

int LargeView::footHeight() const {
    return m_pictureOnly ? 0 : m_strip->height() + kUnit;
}

void LargeView::show(const QModelIndex& index) {
    m_current = index;
    m_row = index.row();
    m_path = index.data(PictureModel::PathRole).toString();
    m_details->setPicture(index.data(PictureModel::PictureRole).value<gallery::Picture>());
    m_canvas->setAccessibleName(index.data(Qt::AccessibleTextRole).toString());
    m_strip->setCurrentIndex(index);
    m_strip->scrollTo(index, QAbstractItemView::PositionAtCenter);
    showImage();
    showPosition();
    Q_EMIT currentChanged(m_path);
}

void LargeView::showImage() {
    const QImage ready = m_loader->find(m_path);
    // The thumbnail keeps the place until the picture itself is read.
    m_canvas->setImage(
        ready.isNull() ? m_current.data(PictureModel::ThumbnailRole).value<QPixmap>().toImage() : ready,
        m_current.data(PictureModel::SizeRole).toSize());
    QStringList wanted{m_path};
    for (const int by : {1, -1}) {
        wanted << m_pictures->index(m_row + by, 0).data(PictureModel::PathRole).toString();
    }
    m_loader->want(wanted);
}

void LargeView::showPosition() {
    if (!m_current.isValid()) {
        return;
    }
    m_row = m_current.row();
    const QLocale locale;
    m_position->setText(
        tr("%1 of %2").arg(locale.toString(m_row + 1), locale.toString(m_pictures->rowCount())));
    m_previous->setEnabled(m_row > 0);
    m_next->setEnabled(m_row + 1 < m_pictures->rowCount());
}

void LargeView::step(int by) {
    const QModelIndex index = m_pictures->index(m_row + by, 0);
    if (index.isValid()) {
        show(index);
    }
}

void LargeView::replaceLost() {
    if (!m_current.isValid() && !m_path.isEmpty()) {
        m_current = indexOf(m_path);  // Where many go at once, it may have kept its place among the others.
    }
    if (m_current.isValid()) {
        showPosition();
        return;
    }
    if (m_path.isEmpty()) {
        return;
    }
    const int last = m_pictures->rowCount() - 1;
    if (last >= 0) {
        show(m_pictures->index(std::min(m_row, last), 0));
        return;
    }
    m_path.clear();
    Q_EMIT closed();
}

void LargeView::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Right:
        case Qt::Key_Space:
        case Qt::Key_PageDown:
            next();
            break;
        case Qt::Key_Left:
        case Qt::Key_PageUp:
            previous();
            break;
        case Qt::Key_Home:
            show(m_pictures->index(0, 0));
            break;
        case Qt::Key_End:
            show(m_pictures->index(m_pictures->rowCount() - 1, 0));
            break;
        case Qt::Key_F:
        case Qt::Key_0:
            m_canvas->fit();
            break;
        case Qt::Key_1:
            m_canvas->actualSize();
            break;
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            m_canvas->zoomBy(kKeyZoom, QRectF(m_canvas->rect()).center());
            break;
        case Qt::Key_Minus:
            m_canvas->zoomBy(1 / kKeyZoom, QRectF(m_canvas->rect()).center());
            break;
        case Qt::Key_I:
            m_info->click();
            break;
        case Qt::Key_Delete:
            if (!event->isAutoRepeat()) {
                Q_EMIT deleteRequested();
            }
            break;
        case Qt::Key_Escape:
        case Qt::Key_Backspace:
            Q_EMIT closed();
            break;
        default:
            QWidget::keyPressEvent(event);
    }
}

}  // namespace easel::ui
