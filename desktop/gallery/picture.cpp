// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture.h"

#include <QFileInfo>
#include <QObject>

#include "desktop/gallery/file_name.h"

namespace easel::gallery {

QString promptOf(const Picture& picture) {
    if (picture.settings) {
        return QString::fromStdString(picture.settings->prompt);
    }
    return wordsInName(QFileInfo(picture.path).fileName());
}

bool isNewer(const Picture& a, const Picture& b) {
    return a.created != b.created ? a.created > b.created : a.path > b.path;
}

namespace {

constexpr qsizetype kMostLines = 12;
constexpr qsizetype kLineLength = 72;  ///< characters

/// At most `most` lines, with an ellipsis where more was.
QString shortened(const QString& text, qsizetype most) {
    QStringList lines;
    for (QString line : text.split('\n')) {
        do {
            if (lines.size() == most) {
                lines.back() = lines.back().left(kLineLength - 2) + QStringLiteral(" …");
                return lines.join('\n');
            }
            qsizetype length = line.size() <= kLineLength ? line.size() : line.lastIndexOf(' ', kLineLength);
            if (length <= 0) {
                length = line[kLineLength].isLowSurrogate() ? kLineLength - 1 : kLineLength;
            }
            lines << line.left(length);
            line = line.mid(length).trimmed();
        } while (!line.isEmpty());
    }
    return lines.join('\n');
}

}  // namespace

QString asToolTip(const QString& text) {
    return shortened(text, kMostLines);
}

QString describe(const Picture& picture) {
    if (!picture.settings) {
        return shortened(promptOf(picture), kMostLines);
    }
    return QObject::tr("%1\nSeed %2")
        .arg(shortened(promptOf(picture), kMostLines - 1))
        .arg(picture.settings->seed);
}

}  // namespace easel::gallery
