// SPDX-License-Identifier: Apache-2.0
#pragma once

class QWidget;

namespace easel::ui {

/// Outlines `widget` as wrong, or not any more; FlatStyle paints it.
void markProblem(QWidget* widget, bool wrong);
bool isMarkedWrong(const QWidget& widget);

}  // namespace easel::ui
