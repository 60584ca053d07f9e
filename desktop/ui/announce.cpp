// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/announce.h"

#include <QAccessible>
#include <QWidget>

namespace easel::ui {

void announce(QWidget* speaker, const QString& words) {
    speaker->setAccessibleName(words);
    QAccessibleEvent alert(speaker, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

}  // namespace easel::ui
