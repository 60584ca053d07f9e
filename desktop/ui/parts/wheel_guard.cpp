// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/wheel_guard.h"

#include <QEvent>
#include <QWidget>

namespace easel::ui {

WheelGuard::WheelGuard(QWidget* control) : QObject(control) {
    control->setFocusPolicy(Qt::StrongFocus);
    control->installEventFilter(this);
}

bool WheelGuard::eventFilter(QObject* watched, QEvent* event) {
    const auto* control = qobject_cast<QWidget*>(watched);
    if (event->type() == QEvent::Wheel && control && !control->hasFocus()) {
        event->ignore();
        return true;
    }
    return QObject::eventFilter(watched, event);
}

}  // namespace easel::ui
