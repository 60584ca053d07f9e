// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/number_slider.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSlider>

#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

NumberSlider::NumberSlider(const QString& name, int decimals, double step, QWidget* parent)
    : QWidget(parent),
      m_step(step),
      m_slider(new QSlider(Qt::Horizontal, this)),
      m_box(new DecimalBox(this)) {
    m_slider->setAccessibleName(name);
    m_box->setAccessibleName(name);
    m_box->setDecimals(decimals);
    m_box->setSingleStep(step);
    m_box->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_box->setFixedWidth(80);
    new WheelGuard(m_slider);
    new WheelGuard(m_box);

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit);
    row->addWidget(m_slider, 1);
    row->addWidget(m_box);

    connect(m_slider, &QSlider::valueChanged, this, [this](int steps) { m_box->setValue(steps * m_step); });
    connect(m_box, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        showOnSlider(value);
        Q_EMIT edited(value);
    });
}

void NumberSlider::setRange(double minimum, double maximum, double usualMaximum) {
    const QSignalBlocker quietBox(m_box), quietSlider(m_slider);
    m_box->setRange(minimum, maximum);
    m_slider->setRange(qRound(minimum / m_step), qRound(std::min(maximum, usualMaximum) / m_step));
    showOnSlider(m_box->value());
}

double NumberSlider::value() const {
    return m_box->value();
}

void NumberSlider::setValue(double value) {
    const QSignalBlocker quiet(m_box);
    if (value != m_box->value()) {  // not under the hands of who is just typing it
        m_box->setValue(value);
    }
    showOnSlider(m_box->value());
}

void NumberSlider::showOnSlider(double value) {
    const QSignalBlocker quiet(m_slider);
    m_slider->setValue(qRound(value / m_step));
}

}  // namespace easel::ui
