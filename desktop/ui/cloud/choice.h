// SPDX-License-Identifier: Apache-2.0
#pragma once

class QComboBox;
class QWidget;

namespace easel::ui {

/// A box to choose from, on a page that scrolls.
QComboBox* choice(const char* name, QWidget* parent);
/// The choices for minutes without a picture after which a machine is stopped, in each item's data; 0 for
/// never.
QComboBox* idleChoice(int minutes, QWidget* parent);

}  // namespace easel::ui
