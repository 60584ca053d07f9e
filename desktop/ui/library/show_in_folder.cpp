// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/show_in_folder.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDesktopServices>
#include <QFileInfo>
#include <QUrl>

namespace easel::ui {

void showInFolder(const QStringList& paths) {
    if (paths.isEmpty()) {
        return;
    }
    QStringList files;
    for (const QString& path : paths) {
        files << QUrl::fromLocalFile(path).toString(QUrl::FullyEncoded);
    }
    // https://www.freedesktop.org/wiki/Specifications/file-manager-interface/
    QDBusMessage call = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.FileManager1"), QStringLiteral("/org/freedesktop/FileManager1"),
        QStringLiteral("org.freedesktop.FileManager1"), QStringLiteral("ShowItems"));
    call.setArguments({files, QString()});
    auto* answer = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call));
    QObject::connect(answer, &QDBusPendingCallWatcher::finished, answer,
                     [answer, folder = QFileInfo(paths.first()).absolutePath()] {
                         if (answer->isError()) {
                             QDesktopServices::openUrl(QUrl::fromLocalFile(folder));
                         }
                         answer->deleteLater();
                     });
}

}  // namespace easel::ui
