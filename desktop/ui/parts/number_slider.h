// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QDoubleSpinBox;
class QSlider;

namespace easel::ui {

/// One number with two handles: a slider for a quick pull and a box for the exact value. The slider ends at
/// what is usual, the box at what is allowed.
class NumberSlider : public QWidget {
    Q_OBJECT

public:
    /// `decimals` of the number; the slider moves in steps of `step`. `name` is what a screen reader says.
    NumberSlider(const QString& name, int decimals, double step, QWidget* parent = nullptr);

    void setRange(double minimum, double maximum, double usualMaximum);
    double value() const;
    /// Without `edited`.
    void setValue(double value);
    QDoubleSpinBox* box() const { return m_box; }

Q_SIGNALS:
    /// The person changed it.
    void edited(double value);

private:
    void showOnSlider(double value);

    double m_step;
    QSlider* m_slider;
    QDoubleSpinBox* m_box;
};

}  // namespace easel::ui
