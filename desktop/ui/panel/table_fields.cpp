// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/table_fields.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLocale>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <concepts>
#include <string>
#include <type_traits>

#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/number_slider.h"
#include "desktop/ui/parts/wheel_guard.h"
#include "desktop/ui/parts/words.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

namespace {

constexpr int kDecimals = 2;

QString objectNameOf(const protocol::FieldWords& field, const char* kind) {
    return QString::fromLatin1(field.name) + QString::fromLatin1(kind);
}

/// What is drawn where the request says nothing.
template <typename Row>
typename Row::Value usualOf(const Row& row, const protocol::ModelInfo& model) {
    if constexpr (std::same_as<typename Row::Value, double>) {
        if (row.drawn == &protocol::GenerationSettings::strength) {
            return model.strength;  // validation.cpp fills it in
        }
    }
    return row.of(protocol::GenerationSettings());
}

/// Not under the hands of who is just typing it.
void setUnlessThere(QSpinBox& box, int value) {
    if (box.value() != value) {
        box.setValue(value);
    }
}

}  // namespace

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

TableFields::TableFields(protocol::GenerationRequest& request, const Wanted& wanted, QWidget* parent)
    : QWidget(parent), m_request(request) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    protocol::forEachField([&](const auto& row) {
        if (wanted(row.name)) {
            add(row);
        }
    });
}

template <typename Row>
void TableFields::add(const Row& row) {
    using Value = typename Row::Value;
    if constexpr (!requires(protocol::GenerationRequest request) { row.of(request).reset(); }) {
        return;  // nothing can be left out of it: a list, or the prompt
    } else if constexpr (std::same_as<Value, int>) {
        addWhole(row);
    } else if constexpr (std::same_as<Value, double>) {
        addDecimal(row);
    } else if constexpr (std::same_as<Value, std::string>) {
        if (!row.choices.empty()) {
            addChoice(row);
        }
    }
}

template <typename Row, typename Value>
void TableFields::take(const Row& row, const Value& value) {
    row.of(m_request) = value;
    if (value == usualOf(row, m_offer->modelOf(m_request))) {
        row.of(m_request).reset();  // older servers may not know it
    }
    Q_EMIT edited(row.name);
}

template <typename Row>
void TableFields::addWhole(const Row& row) {
    auto* box = new WholeBox(this);
    box->setObjectName(objectNameOf(row, "Box"));
    box->setAccessibleName(fieldTitle(row));
    box->setToolTip(fieldHelp(row));
    box->setSpecialValueText(leastTitle(row));
    auto* field = new FieldBox(fieldTitle(row), FieldBox::Place::Before, shortRow(box, this), box, this);
    layout()->addWidget(field);
    m_fields.push_back({row.name, field, box});
    m_fill.emplace_back([this, box, row] {
        const QSignalBlocker quiet(box);
        const protocol::Range range = row.range(m_offer->limits);
        box->setRange(qRound(range.least), qRound(range.most));
        setUnlessThere(*box, row.of(m_request).value_or(usualOf(row, m_offer->modelOf(m_request))));
        if (row.of(m_request)) {
            row.of(m_request) = box->value();
        }
    });
    connect(box, &QSpinBox::valueChanged, this, [this, row](int value) { take(row, value); });
}

template <typename Row>
void TableFields::addDecimal(const Row& row) {
    // Below nothing there may be one step more: as usual.
    const bool hasOwn = !leastTitle(row).isEmpty();
    const protocol::Range range = row.range(protocol::Limits());
    const double width = range.most - (hasOwn ? 0 : range.least);
    const double step = width <= 1 ? 0.05 : width <= 4 ? 0.25 : 0.5;
    auto* slider = new NumberSlider(fieldTitle(row), kDecimals, step, this);
    slider->setObjectName(objectNameOf(row, "Field"));
    slider->setToolTip(fieldHelp(row));
    slider->box()->setSpecialValueText(leastTitle(row));
    const double least = hasOwn ? -step : range.least;
    slider->setRange(least, range.most, range.most);
    auto* field = new FieldBox(fieldTitle(row), FieldBox::Place::Before, slider, slider->box(), this);
    layout()->addWidget(field);
    m_fields.push_back({row.name, field, slider->box()});
    m_fill.emplace_back([this, slider, row] {
        slider->setValue(row.of(m_request).value_or(usualOf(row, m_offer->modelOf(m_request))));
        if (row.of(m_request)) {
            row.of(m_request) = slider->value();
        }
    });
    connect(slider, &NumberSlider::edited, this, [this, row, hasOwn](double value) {
        take(row, hasOwn && value < 0 ? row.of(protocol::GenerationSettings()) : value);
    });
}

template <typename Row>
void TableFields::addChoice(const Row& row) {
    auto* box = new QComboBox(this);
    box->setObjectName(objectNameOf(row, "Box"));
    box->setToolTip(fieldHelp(row));
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    new WheelGuard(box);
    for (const std::string_view choice : row.choices) {
        const QString name = QString::fromUtf8(choice.data(), qsizetype(choice.size()));
        box->addItem(choiceTitle(row, name), name);
    }
    auto* field = new FieldBox(fieldTitle(row), FieldBox::Place::Before, box, box, this);
    layout()->addWidget(field);
    m_fields.push_back({row.name, field, box});
    m_fill.emplace_back([this, box, row] {
        const std::string usual = row.of(protocol::GenerationSettings());
        const int at = box->findData(QString::fromStdString(row.of(m_request).value_or(usual)));
        if (at < 0) {
            row.of(m_request).reset();
        }
        box->setCurrentIndex(at < 0 ? box->findData(QString::fromStdString(usual)) : at);
    });
    connect(box, &QComboBox::activated, this,
            [this, box, row] { take(row, box->currentData().toString().toStdString()); });
}

QString TableFields::summary() const {
    QStringList parts;
    protocol::forEachField([&](const auto& row) {
        using Value = typename std::remove_cvref_t<decltype(row)>::Value;
        const auto field = std::ranges::find(m_fields, std::string_view(row.name), &PanelField::name);
        if (m_offer == nullptr || field == m_fields.end() || !canServe(row.name, *m_offer, m_request) ||
            isIdle(row.name, m_request)) {
            return;
        }
        if constexpr (!requires(protocol::GenerationRequest request) { row.of(request).reset(); }) {
            return;
        } else if constexpr (std::same_as<Value, std::string>) {
            if (const auto& value = row.of(m_request)) {
                parts << choiceTitle(row, QString::fromStdString(*value));
            }
        } else if constexpr (std::is_arithmetic_v<Value>) {
            if (const auto& value = row.of(m_request)) {
                parts << tr("%1 %2").arg(fieldTitle(row), QLocale().toString(double(*value), 'g', 5));
            }
        }
    });
    return parts.join(QStringLiteral(" · "));
}

void TableFields::fill(const Offer& offer) {
    m_offer = &offer;
    for (const auto& fillControl : m_fill) {
        fillControl();
    }
    m_shown = 0;
    for (const PanelField& field : m_fields) {
        const bool isRead = canServe(field.name, *m_offer, m_request) && !isIdle(field.name, m_request);
        field.box->setVisible(isRead);
        m_shown += isRead ? 1 : 0;
    }
}

}  // namespace easel::ui
