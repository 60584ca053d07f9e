// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/choice.h"

#include <QComboBox>
#include <QCoreApplication>

#include <algorithm>

#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

QComboBox* choice(const char* name, QWidget* parent) {
    constexpr int kShortest = 16;  // letters
    auto* box = new QComboBox(parent);
    box->setObjectName(QLatin1String(name));
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(kShortest);
    new WheelGuard(box);
    return box;
}

QComboBox* idleChoice(int minutes, QWidget* parent) {
    auto* box = choice("idleBox", parent);
    box->addItem(QCoreApplication::translate("cloud", "Never"), 0);
    for (const int each : {10, 20, 30, 60}) {
        box->addItem(QCoreApplication::translate("cloud", "After %1 min without a picture").arg(each), each);
    }
    box->setCurrentIndex(std::max(0, box->findData(minutes)));
    return box;
}

}  // namespace easel::ui
