// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/protocol/server_info.h"

class QComboBox;
class QWidget;

/// Boxes to choose from what a server has.
namespace easel::ui {

using Choices = std::vector<std::pair<QString, std::string>>;  ///< title, wire name

/// No wider than its place, and left alone by the wheel.
QComboBox* makeChoice(const char* objectName, QWidget* parent);
/// Fills `box` without signals; false when `chosen` is not among the choices.
bool fillChoice(QComboBox& box, const Choices& choices, const std::string& chosen);
/// By its wire name; empty: none.
std::string chosenIn(const QComboBox& box);
/// What was chosen elsewhere and is not here: it can be seen, and chosen differently.
void addMissing(Choices& choices, const std::optional<std::string>& chosen);
QString titleOf(const protocol::ModelInfo& model);

}  // namespace easel::ui
