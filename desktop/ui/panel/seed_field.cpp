// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/seed_field.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QRegularExpressionValidator>
#include <QToolButton>

#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

QToolButton* toggle(const char* name, const QString& iconName, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setObjectName(name);
    button->setIcon(icon(iconName));
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setAutoRaise(true);
    button->setCheckable(true);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

}  // namespace

SeedField::SeedField(QWidget* parent)
    : QWidget(parent),
      m_edit(new QLineEdit(this)),
      m_random(toggle("randomSeedButton", QStringLiteral("dice"), tr("A new seed for each picture"), this)),
      m_lock(
          toggle("lockSeedButton", QStringLiteral("lock"), tr("Keep the seed of the last picture"), this)) {
    m_edit->setObjectName("seedEdit");
    m_edit->setAccessibleName(tr("Seed"));
    m_edit->setPlaceholderText(tr("Random"));
    m_edit->setToolTip(
        tr("The number that the picture grows from: the same seed and settings make the same picture"));
    m_edit->setAlignment(Qt::AlignRight);
    m_edit->setValidator(new QRegularExpressionValidator(QRegularExpression("\\d{0,19}"), m_edit));

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit / 2);
    row->addWidget(m_edit, 1);
    row->addSpacing(kUnit / 2);
    row->addWidget(m_random);
    row->addWidget(m_lock);

    connect(m_edit, &QLineEdit::textEdited, this, [this](const QString& text) {
        bool isNumber = false;
        const qulonglong number = text.toULongLong(&isNumber);  // 19 digits always fit.
        m_value =
            isNumber ? std::optional(std::int64_t(std::min<qulonglong>(number, m_maximum))) : std::nullopt;
        m_random->setChecked(!m_value);
        m_lock->setChecked(m_value.has_value());
        Q_EMIT edited(m_value);
    });
    connect(m_edit, &QLineEdit::editingFinished, this, &SeedField::settle);
    connect(m_random, &QToolButton::clicked, this, [this] { change(std::nullopt); });
    connect(m_lock, &QToolButton::clicked, this,
            [this](bool locked) { change(locked ? std::optional(m_last) : std::nullopt); });
    setMaximum(9007199254740991);
    setValue(std::nullopt);
}

void SeedField::setValue(std::optional<std::int64_t> seed) {
    m_value = seed ? std::optional(std::min(*seed, m_maximum)) : std::nullopt;
    m_edit->setText(m_value ? QString::number(*m_value) : QString());
    m_random->setChecked(!m_value);
    m_lock->setChecked(m_value.has_value());
}

void SeedField::change(std::optional<std::int64_t> seed) {
    setValue(seed);
    Q_EMIT edited(m_value);
}

}  // namespace easel::ui
