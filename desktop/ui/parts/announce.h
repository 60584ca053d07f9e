// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

class QWidget;

namespace easel::ui {

/// Makes `speaker` what a screen reader listens to: an alert. Before anything asks for its interface.
void makeSpeaker(QWidget* speaker);

/// Lets a screen reader say `words`, which `speaker` is called from then on. Qt 6.4 knows no announcements:
/// the change of a name and an alert are what its readers listen to.
void announce(QWidget* speaker, const QString& words);

}  // namespace easel::ui
