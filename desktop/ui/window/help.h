// SPDX-License-Identifier: Apache-2.0
#pragma once

class QWidget;

namespace easel::ui {

/// Every key that does something, by where it does.
void showShortcuts(QWidget* parent);
/// What this is, and under what licence.
void showAbout(QWidget* parent);

}  // namespace easel::ui
