// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/system_scheme.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>

namespace easel::ui {

namespace {

constexpr char kService[] = "org.freedesktop.portal.Desktop";
constexpr char kPath[] = "/org/freedesktop/portal/desktop";
constexpr char kInterface[] = "org.freedesktop.portal.Settings";
constexpr char kGroup[] = "org.freedesktop.appearance";
constexpr char kKey[] = "color-scheme";
constexpr uint kDark = 1;

}  // namespace

SystemScheme::SystemScheme(QObject* parent) : QObject(parent) {
    qRegisterMetaType<QDBusVariant>();  // Qt looks the slot's parameter up by name, and fails in silence
    QDBusConnection bus = QDBusConnection::sessionBus();
    bus.connect(kService, kPath, kInterface, QStringLiteral("SettingChanged"), this,
                SLOT(settingChanged(QString, QString, QDBusVariant)));
    auto question = QDBusMessage::createMethodCall(kService, kPath, kInterface, QStringLiteral("Read"));
    question << QString(kGroup) << QString(kKey);
    auto* answer = new QDBusPendingCallWatcher(bus.asyncCall(question), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer] {
        answer->deleteLater();
        const QDBusPendingReply<QDBusVariant> reply = *answer;
        if (reply.isValid()) {
            settingChanged(kGroup, kKey, reply.value());
        }
    });
}

void SystemScheme::settingChanged(const QString& group, const QString& key, const QDBusVariant& value) {
    if (group != kGroup || key != kKey) {
        return;
    }
    QVariant inner = value.variant();
    if (inner.canConvert<QDBusVariant>()) {  // Read wraps its answer twice
        inner = inner.value<QDBusVariant>().variant();
    }
    const bool prefersDark = inner.toUInt() == kDark;
    if (prefersDark == m_prefersDark) {
        return;
    }
    m_prefersDark = prefersDark;
    Q_EMIT changed();
}

}  // namespace easel::ui
