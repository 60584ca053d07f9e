// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/quiet_page.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kColumnWidth = 400;
constexpr int kDrawing = 96;

}  // namespace

QuietPage::QuietPage(QWidget* parent)
    : QWidget(parent),
      m_drawing(new QLabel(this)),
      m_heading(new QLabel(this)),
      m_sentence(new QLabel(this)),
      m_column(new QVBoxLayout) {
    m_heading->setFont(headingFont());
    for (QLabel* label : {m_drawing, m_heading, m_sentence}) {
        label->setAlignment(Qt::AlignHCenter);
    }
    m_heading->setWordWrap(true);
    m_sentence->setWordWrap(true);
    m_sentence->setForegroundRole(QPalette::PlaceholderText);

    auto* middle = new QWidget(this);
    middle->setFixedWidth(kColumnWidth);
    m_column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
    m_column->setSpacing(kUnit);
    m_column->addWidget(m_drawing);
    m_column->addWidget(m_heading);
    m_column->addWidget(m_sentence);
    m_column->addSpacing(kUnit);
    middle->setLayout(m_column);
    auto* page = new QVBoxLayout(this);
    page->addStretch(2);
    // An alignment would keep the page from learning how high the column is at its width.
    auto* row = new QHBoxLayout;
    row->addStretch();
    row->addWidget(middle);
    row->addStretch();
    page->addLayout(row);
    page->addStretch(3);
    showDrawing();
}

void QuietPage::setWords(const QString& heading, const QString& sentence) {
    m_heading->setText(heading);
    m_sentence->setText(sentence);
}

void QuietPage::setDrawingShown(bool shown) {
    m_drawing->setVisible(shown);
}

void QuietPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        showDrawing();
    }
}

void QuietPage::showDrawing() {
    m_drawing->setPixmap(
        iconPixmap(QStringLiteral("easel"), palette().color(QPalette::Dark), kDrawing, devicePixelRatioF()));
}

}  // namespace easel::ui
