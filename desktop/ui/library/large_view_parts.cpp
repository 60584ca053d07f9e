// SPDX-License-Identifier: Apache-2.0
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QToolButton>

#include "desktop/ui/library/large_view.h"
#include "desktop/ui/library/picture_canvas.h"
#include "desktop/ui/library/tile_delegate.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

// What stands around the picture.
namespace easel::ui {

QListView* LargeView::filmStrip() {
    auto* strip = new QListView(this);
    strip->setObjectName("filmStrip");
    strip->setAccessibleName(tr("Film strip"));
    strip->setModel(m_pictures);
    strip->setItemDelegate(new StripDelegate(strip));
    strip->setFlow(QListView::LeftToRight);
    strip->setWrapping(false);
    strip->setUniformItemSizes(true);
    strip->setFrameShape(QFrame::NoFrame);
    strip->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    strip->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    strip->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    strip->setFocusPolicy(Qt::NoFocus);  // The arrow keys belong to the whole view.
    strip->setFixedHeight(StripDelegate::kEdge + 8 + kUnit);
    strip->viewport()->setBackgroundRole(QPalette::Window);
    return strip;
}

QWidget* LargeView::buildHeader() {
    auto* header = new QWidget(this);
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(kUnit, kUnit / 2, kUnit, kUnit / 2);
    row->setSpacing(kUnit / 2);
    m_position->setObjectName("positionLabel");
    m_position->setForegroundRole(QPalette::PlaceholderText);
    m_zoom->setObjectName("zoomLabel");
    m_zoom->setForegroundRole(QPalette::PlaceholderText);
    m_zoom->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_zoom->setFixedWidth(m_zoom->fontMetrics().horizontalAdvance(QStringLiteral("3,200 %")));
    m_back->setText(tr("Back"));
    m_back->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_info->setCheckable(true);
    auto* fit = tool("fitButton", QStringLiteral("fit"), tr("Whole picture (F); 1 shows its own size"));
    auto* copy = tool("copyButton", QStringLiteral("copy"), tr("Copy picture (Ctrl+C)"));
    auto* save = tool("exportButton", QStringLiteral("export"), tr("Export (Ctrl+E)"));
    auto* trash = tool("deleteButton", QStringLiteral("trash"), tr("Delete (Del)"));
    save->setText(tr("Export"));
    save->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    row->addWidget(m_back);
    row->addStretch();
    row->addWidget(m_position);
    row->addStretch();
    row->addWidget(m_zoom);
    row->addSpacing(kUnit / 2);
    for (QToolButton* button : {fit, copy, save, trash, m_info}) {
        row->addWidget(button);
    }
    connect(fit, &QToolButton::clicked, m_canvas, &PictureCanvas::fit);
    connect(copy, &QToolButton::clicked, this, &LargeView::copyRequested);
    connect(save, &QToolButton::clicked, this, &LargeView::exportRequested);
    connect(trash, &QToolButton::clicked, this, &LargeView::deleteRequested);
    return header;
}

QWidget* LargeView::buildFoot() {
    auto* foot = new QWidget(this);
    auto* row = new QHBoxLayout(foot);
    row->setSpacing(kUnit / 2);
    row->setContentsMargins(kUnit, kUnit / 2, kUnit, kUnit / 2);
    row->addWidget(m_previous);
    row->addWidget(m_strip, 1);
    row->addWidget(m_next);
    return foot;
}

QToolButton* LargeView::tool(const char* name, const QString& iconName, const QString& tip) {
    auto* button = new QToolButton(this);
    button->setObjectName(name);
    button->setIcon(icon(iconName));
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

}  // namespace easel::ui
