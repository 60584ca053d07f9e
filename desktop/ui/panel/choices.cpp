// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/choices.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QSignalBlocker>

#include <algorithm>

#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

QComboBox* makeChoice(const char* objectName, QWidget* parent) {
    auto* box = new QComboBox(parent);
    box->setObjectName(objectName);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    new WheelGuard(box);
    return box;
}

bool fillChoice(QComboBox& box, const Choices& choices, const std::string& chosen) {
    const QSignalBlocker quiet(box);
    box.clear();
    for (const auto& [title, name] : choices) {
        box.addItem(title, QString::fromStdString(name));
    }
    box.setCurrentIndex(box.findData(QString::fromStdString(chosen)));
    box.setEnabled(!choices.empty());
    return box.currentIndex() >= 0;
}

std::string chosenIn(const QComboBox& box) {
    return box.currentData().toString().toStdString();
}

void addMissing(Choices& choices, const std::optional<std::string>& chosen) {
    if (chosen && std::ranges::find(choices, *chosen, &Choices::value_type::second) == choices.end()) {
        choices.emplace_back(QCoreApplication::translate("choices", "%1 (not at this server)")
                                 .arg(QString::fromStdString(*chosen)),
                             *chosen);
    }
}

QString titleOf(const protocol::ModelInfo& model) {
    return QString::fromStdString(model.title.empty() ? model.id : model.title);
}

}  // namespace easel::ui
