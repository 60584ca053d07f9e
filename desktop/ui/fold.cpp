// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/fold.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QResizeEvent>
#include <QToolButton>

#include "desktop/ui/icons.h"
#include "desktop/ui/theme.h"

namespace easel::ui {

Fold::Fold(const QString& title, QWidget* content, QWidget* parent)
    : QWidget(parent),
      m_heading(new QToolButton(this)),
      m_summary(captionLabel({}, this)),
      m_content(content) {
    m_heading->setText(title);
    m_heading->setAutoRaise(true);
    m_heading->setCheckable(true);
    m_heading->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_heading->setFocusPolicy(Qt::StrongFocus);
    m_heading->setProperty("quiet", true);
    m_summary->setWordWrap(false);
    m_summary->setMinimumWidth(0);

    auto* line = new QHBoxLayout;
    line->setSpacing(kUnit / 2);
    line->addWidget(m_heading);
    line->addWidget(m_summary, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addLayout(line);
    column->addWidget(content);

    connect(m_heading, &QToolButton::toggled, this, [this](bool open) {
        setOpen(open);
        Q_EMIT toggled(open);
    });
    setOpen(false);
}

bool Fold::isOpen() const {
    return m_heading->isChecked();
}

void Fold::setOpen(bool open) {
    m_heading->setChecked(open);
    m_heading->setIcon(icon(open ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right")));
    m_content->setVisible(open);
    showSummary();
}

void Fold::setSummary(const QString& summary) {
    m_text = summary;
    m_heading->setAccessibleDescription(summary);
    showSummary();
}

void Fold::showSummary() {
    m_summary->setVisible(!isOpen());
    m_summary->setToolTip(m_text);
    const int room = width() - m_heading->sizeHint().width() - kUnit;
    m_summary->setText(m_summary->fontMetrics().elidedText(m_text, Qt::ElideRight, std::max(0, room)));
}

void Fold::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    showSummary();
}

}  // namespace easel::ui
