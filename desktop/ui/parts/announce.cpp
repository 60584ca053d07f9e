// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/announce.h"

#include <QAccessibleWidget>
#include <QWidget>

namespace easel::ui {

namespace {

constexpr char kSpeaks[] = "speaks";

QAccessibleInterface* speakerInterface(const QString&, QObject* object) {
    auto* widget = qobject_cast<QWidget*>(object);
    const bool speaks = widget && widget->property(kSpeaks).toBool();
    return speaks ? new QAccessibleWidget(widget, QAccessible::AlertMessage) : nullptr;
}

}  // namespace

void makeSpeaker(QWidget* speaker) {
    [[maybe_unused]] static const bool kTold = (QAccessible::installFactory(speakerInterface), true);
    speaker->setProperty(kSpeaks, true);
}

void announce(QWidget* speaker, const QString& words) {
    speaker->setAccessibleName(words);
    QAccessibleEvent alert(speaker, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

}  // namespace easel::ui
