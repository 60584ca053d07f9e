// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDoubleSpinBox>
#include <QSpinBox>

namespace easel::ui {

/// A number with a fraction. A point and a comma mean the same, whatever the locale: both are taken, and turn
/// into the locale's own as they are typed. There are no groups of thousands.
class DecimalBox : public QDoubleSpinBox {
    Q_OBJECT

public:
    using QDoubleSpinBox::QDoubleSpinBox;

    QValidator::State validate(QString& input, int& position) const override;
    double valueFromText(const QString& text) const override;

private:
    QString inLocale(QString text) const;
};

/// A whole number: points and commas are not taken, so that 1,5 can't become 15.
class WholeBox : public QSpinBox {
    Q_OBJECT

public:
    using QSpinBox::QSpinBox;

    QValidator::State validate(QString& input, int& position) const override;
};

}  // namespace easel::ui
