// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPalette>
#include <QString>

#include "desktop/ui/parts/system_scheme.h"

class QApplication;

namespace easel::ui {

enum class Scheme { System, Light, Dark };

QString toString(Scheme scheme);
/// System for a name that is none.
Scheme schemeFrom(const QString& name);

/// Gives the application its style and palette. Remembers what the platform had chosen, so that System can
/// come back at any time, and follows the desktop when that changes. Owned by main.
class Theme {
public:
    explicit Theme(QApplication& app);

    void setScheme(Scheme scheme);
    Scheme scheme() const { return m_scheme; }

private:
    QPalette m_platform;
    SystemScheme m_system;
    Scheme m_scheme = Scheme::System;
};

}  // namespace easel::ui
