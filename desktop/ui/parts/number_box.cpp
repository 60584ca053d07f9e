// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/number_box.h"

#include <QLocale>

namespace easel::ui {

QValidator::State DecimalBox::validate(QString& input, int& position) const {
    input = inLocale(input);
    return QDoubleSpinBox::validate(input, position);
}

double DecimalBox::valueFromText(const QString& text) const {
    return QDoubleSpinBox::valueFromText(inLocale(text));
}

QString DecimalBox::inLocale(QString text) const {
    const QString point = locale().decimalPoint();
    for (QChar& letter : text) {
        if (letter == '.' || letter == ',') {
            letter = point.front();
        }
    }
    return text;
}

QValidator::State WholeBox::validate(QString& input, int& position) const {
    if (input.contains('.') || input.contains(',')) {
        return QValidator::Invalid;
    }
    return QSpinBox::validate(input, position);
}

}  // namespace easel::ui
