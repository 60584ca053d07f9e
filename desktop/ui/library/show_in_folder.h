// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace easel::ui {

/// Opens the desktop's file manager with these files selected; where it has no way to ask for that, with
/// their folder.
void showInFolder(const QStringList& paths);

}  // namespace easel::ui
