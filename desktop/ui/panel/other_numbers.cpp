// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/other_numbers.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/wheel_guard.h"
#include "desktop/ui/parts/words.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

QWidget* shortRow(QSpinBox* box, QWidget* parent) {
    box->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    box->setFixedWidth(80);
    new WheelGuard(box);
    auto* row = new QWidget(parent);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(box);
    layout->addStretch();
    return row;
}

OtherNumbers::OtherNumbers(protocol::GenerationRequest& request,
                           const std::vector<std::string_view>& elsewhere, QWidget* parent)
    : QWidget(parent), m_request(request) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    protocol::forEachNumber([&](const auto& row) {
        if (std::ranges::find(elsewhere, row.name) == elsewhere.end()) {
            add(row);
        }
    });
}

template <typename Row>
void OtherNumbers::add(const Row& row) {
    auto* box = new WholeBox(this);
    box->setObjectName(QString::fromLatin1(row.name) + QStringLiteral("Box"));
    box->setAccessibleName(fieldTitle(row));
    box->setToolTip(fieldHelp(row));
    auto* field = new FieldBox(fieldTitle(row), FieldBox::Place::Before, shortRow(box, this), box, this);
    layout()->addWidget(field);
    m_fields.push_back({row.name, field, box});
    const auto usual = row.of(protocol::GenerationSettings());
    m_fill.emplace_back([this, box, row, usual](const protocol::Limits& limits) {
        const QSignalBlocker quiet(box);
        const protocol::Range range = row.range(limits);
        box->setRange(qRound(range.least), qRound(range.most));
        box->setValue(qRound(double(row.of(m_request).value_or(usual))));
        if (row.of(m_request)) {
            row.of(m_request) = box->value();
        }
    });
    connect(box, &QSpinBox::valueChanged, this, [this, row, usual](int value) {
        row.of(m_request) = value;
        if (value == qRound(double(usual))) {
            row.of(m_request).reset();  // older servers may not know it
        }
        Q_EMIT edited(row.name);
    });
}

void OtherNumbers::fill(const protocol::Limits& limits) {
    for (const auto& fillBox : m_fill) {
        fillBox(limits);
    }
}

}  // namespace easel::ui
