// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/problem_mark.h"

#include <QVariant>
#include <QWidget>

namespace easel::ui {

namespace {

constexpr char kProperty[] = "problem";

}  // namespace

void markProblem(QWidget* widget, bool wrong) {
    widget->setProperty(kProperty, wrong);
    widget->update();
}

bool isMarkedWrong(const QWidget& widget) {
    return widget.property(kProperty).toBool();
}

}  // namespace easel::ui
