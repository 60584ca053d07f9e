// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/field_box.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QResizeEvent>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

/// One column for all labels that stand before their control.
constexpr int kLabelWidth = 72;

}  // namespace

FieldBox::FieldBox(const QString& label, Place place, QWidget* control, QWidget* focus, QWidget* parent)
    : QWidget(parent), m_note(captionLabel({}, this)) {
    auto* title = new QLabel(label, this);
    title->setBuddy(focus);
    title->setVisible(!label.isEmpty());
    if (focus->accessibleName().isEmpty()) {
        focus->setAccessibleName(QString(label).remove('&'));
    }
    m_note->setObjectName("note");
    m_note->setTextFormat(Qt::PlainText);
    m_note->setAlignment(Qt::AlignLeft | Qt::AlignTop);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    if (place == Place::Above) {
        column->addWidget(title);
        column->addWidget(control);
    } else {
        title->setFixedWidth(kLabelWidth);
        title->setWordWrap(true);
        title->setMinimumHeight(kControlHeight);
        auto* row = new QHBoxLayout;
        row->setSpacing(kUnit);
        row->addWidget(title, 0, Qt::AlignTop);
        row->addWidget(control, 1);
        column->addLayout(row);
    }
    column->addWidget(m_note);
    showNote();
}

void FieldBox::setProblem(const QString& sentence) {
    m_problem = sentence;
    showNote();
}

void FieldBox::setHint(const QString& text) {
    m_hint = text;
    showNote();
}

void FieldBox::keepRoom(int lines) {
    m_room = lines;
    showNote();
}

void FieldBox::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    if (!hasProblem() && event->size().width() != event->oldSize().width()) {
        showNote();
    }
}

void FieldBox::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        showNote();
    }
}

void FieldBox::showNote() {
    QPalette colors = palette();
    if (hasProblem()) {
        colors.setColor(QPalette::PlaceholderText, statusColors(colors).bad);
    }
    m_note->setPalette(colors);
    QStringList lines = m_hint.split('\n');
    if (m_room > 0) {
        for (QString& line : lines) {
            line = m_note->fontMetrics().elidedText(line, Qt::ElideRight, width());
        }
    }
    m_note->setText(hasProblem() ? m_problem : lines.join('\n'));
    m_note->setToolTip(hasProblem() ? QString() : m_hint);
    m_note->setAccessibleName(hasProblem() ? m_problem : m_hint);
    m_note->setMinimumHeight(m_room * m_note->fontMetrics().lineSpacing());
    m_note->setVisible(m_room > 0 || !m_note->text().isEmpty());
}

}  // namespace easel::ui
