// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture.h"

#include <QFileInfo>
#include <QObject>

#include "desktop/gallery/file_name.h"

namespace easel::gallery {

QString promptOf(const Picture& picture) {
    if (picture.settings)
        return QString::fromStdString(picture.settings->prompt);
    return wordsInName(QFileInfo(picture.path).fileName());
}

bool isNewer(const Picture& a, const Picture& b) {
    return a.created != b.created ? a.created > b.created : a.path > b.path;
}

QString describe(const Picture& picture) {
    if (!picture.settings)
        return promptOf(picture);
    return QObject::tr("%1\nSeed %2").arg(promptOf(picture)).arg(picture.settings->seed);
}

}  // namespace easel::gallery
