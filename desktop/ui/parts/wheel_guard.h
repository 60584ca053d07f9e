// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

class QWidget;

namespace easel::ui {

/// Leaves the wheel to the page around: a value in a scrolling panel only changes by the wheel while its
/// control has the focus. Owned by the control it guards.
class WheelGuard : public QObject {
    Q_OBJECT

public:
    explicit WheelGuard(QWidget* control);

    bool eventFilter(QObject* watched, QEvent* event) override;
};

}  // namespace easel::ui
