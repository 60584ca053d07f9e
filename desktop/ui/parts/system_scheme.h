// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

class QDBusVariant;

namespace easel::ui {

/// Whether the person has asked the desktop for dark windows, as its settings portal tells
/// (org.freedesktop.portal.Settings on the session bus). Qt follows it from 6.5 on; Debian 12 has 6.4, where
/// GNOME's choice would be missed. False until the portal has answered, and where there is none.
class SystemScheme : public QObject {
    Q_OBJECT
    Q_MOC_INCLUDE(<QDBusVariant>)

public:
    explicit SystemScheme(QObject* parent = nullptr);

    bool prefersDark() const { return m_prefersDark; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void settingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    bool m_prefersDark = false;
};

}  // namespace easel::ui
