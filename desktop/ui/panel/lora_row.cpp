// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/lora_row.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QToolButton>

#include "desktop/ui/panel/addon_picker.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

namespace {

constexpr double kStep = 0.05;

QToolButton* quietButton(const char* name, const QString& iconName, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setObjectName(name);
    button->setIcon(icon(iconName));
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

}  // namespace

LoraRow::LoraRow(QWidget* parent)
    : QWidget(parent),
      m_name(new QLabel(this)),
      m_insert(quietButton("insertWordsButton", QStringLiteral("text"), this)),
      m_weight(new DecimalBox(this)),
      m_remove(quietButton("removeLoraButton", QStringLiteral("close"), this)),
      m_note(captionLabel({}, this)) {
    m_name->setTextFormat(Qt::PlainText);
    m_name->setMinimumWidth(0);
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_weight->setObjectName("loraWeightBox");
    m_weight->setRange(-protocol::kMaxAdditionWeight, protocol::kMaxAdditionWeight);
    m_weight->setSingleStep(kStep);
    m_weight->setDecimals(2);
    m_weight->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_weight->setFixedWidth(80);
    new WheelGuard(m_weight);
    m_note->setObjectName("loraNote");

    auto* row = new QHBoxLayout;
    row->setSpacing(kUnit / 2);
    row->addWidget(m_name, 1);
    row->addWidget(m_insert);
    row->addWidget(m_weight);
    row->addWidget(m_remove);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 4);
    column->addLayout(row);
    column->addWidget(m_note);

    connect(m_weight, &QDoubleSpinBox::valueChanged, this, &LoraRow::weighed);
    connect(m_remove, &QToolButton::clicked, this, &LoraRow::removed);
    connect(m_insert, &QToolButton::clicked, this, [this] { Q_EMIT wordsWanted(m_words); });
}

void LoraRow::show(const protocol::LoraUse& use, const protocol::AddonInfo* addon) {
    m_title = QString::fromStdString(use.name);
    m_words = addon != nullptr && !addon->triggers.empty() ? QString::fromStdString(addon->triggers.front())
                                                           : QString();
    m_name->setToolTip(addon != nullptr ? addonAbout(*addon) : m_title);
    m_weight->setAccessibleName(tr("Weight of %1").arg(m_title));
    m_remove->setToolTip(tr("Take it out"));
    m_remove->setAccessibleName(tr("Take %1 out").arg(m_title));
    m_insert->setVisible(!m_words.isEmpty());
    m_insert->setToolTip(tr("Add the word that it was made with to the prompt: %1").arg(m_words));
    m_insert->setAccessibleName(tr("Add the word of %1 to the prompt").arg(m_title));
    m_note->setText(addon != nullptr ? QString() : tr("Not at this server, or not for this model."));
    m_note->setVisible(!m_note->text().isEmpty());
    const QSignalBlocker quiet(m_weight);
    if (m_weight->value() != use.weight) {  // not under the hands of who is just typing it
        m_weight->setValue(use.weight);
    }
    showName();
}

void LoraRow::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    showName();
}

void LoraRow::showName() {
    m_name->setText(m_name->fontMetrics().elidedText(m_title, Qt::ElideMiddle, m_name->width()));
    m_name->setAccessibleName(m_title);
}

}  // namespace easel::ui
