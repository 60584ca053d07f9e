// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/action_row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kBarSteps = 1000;
constexpr int kBarHeight = 4;

}  // namespace

ActionRow::ActionRow(QWidget* parent)
    : QFrame(parent),
      m_title(proseLabel(new QLabel(this), "rowTitle")),
      m_about(proseLabel(captionLabel({}, this), "rowAbout")),
      m_note(proseLabel(new QLabel(this), "rowNote")),
      m_bar(new QProgressBar(this)),
      m_buttons(new QHBoxLayout) {
    m_note->setFont(captionFont());
    m_bar->setObjectName("rowProgress");
    m_bar->setRange(0, kBarSteps);
    m_bar->setTextVisible(false);
    m_bar->setFixedHeight(kBarHeight);
    m_buttons->setSpacing(kUnit);

    auto* words = new QVBoxLayout;
    words->setSpacing(kUnit / 4);
    words->addWidget(m_title);
    words->addWidget(m_about);
    words->addWidget(m_note);
    auto* row = new QHBoxLayout;
    row->setSpacing(kMargin);
    row->addLayout(words, 1);
    row->addLayout(m_buttons);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kUnit, 0, kUnit);
    column->setSpacing(kUnit);
    column->addLayout(row);
    column->addWidget(m_bar);
}

void ActionRow::setContent(RowContent content) {
    const bool sameButtons =
        std::ranges::equal(content.actions, m_content.actions, [](const auto& left, const auto& right) {
            return left.name == right.name && left.words == right.words && left.isEnabled == right.isEnabled;
        });
    m_content = std::move(content);
    m_title->setText(m_content.title);
    m_about->setText(m_content.about);
    m_about->setVisible(!m_content.about.isEmpty());
    m_note->setText(m_content.note);
    m_note->setVisible(!m_content.note.isEmpty());
    QPalette colours = palette();
    if (m_content.isBad) {
        colours.setColor(QPalette::WindowText, statusColors(palette()).bad);
    }
    m_note->setPalette(colours);
    m_bar->setVisible(m_content.done.has_value());
    m_bar->setValue(static_cast<int>(m_content.done.value_or(0) * kBarSteps));
    m_bar->setAccessibleName(m_content.title);
    if (!sameButtons || m_buttons->isEmpty()) {
        makeButtons();
    }
    setAccessibleName(
        QStringList{m_content.title, m_content.about, m_content.note}.join(QStringLiteral(". ")));
}

void ActionRow::makeButtons() {
    while (const QLayoutItem* item = m_buttons->takeAt(0)) {
        // It may be what was just pressed.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    for (std::size_t i = 0; i < m_content.actions.size(); ++i) {
        const RowContent::Action& action = m_content.actions[i];
        auto* button = new QPushButton(action.words, this);
        button->setObjectName(action.name);
        button->setEnabled(action.isEnabled);
        button->setAutoDefault(false);
        button->setAccessibleName(QStringLiteral("%1: %2").arg(action.words, m_content.title));
        connect(button, &QPushButton::clicked, this, [this, i] { m_content.actions[i].act(); });
        m_buttons->addWidget(button, 0, Qt::AlignTop);
    }
}

}  // namespace easel::ui
