// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>

namespace easel::gallery {

/// `jpeg` with `text` as EXIF UserComment (UTF-16), where the tools of the field look for the infotext. The
/// same bytes when the text is too long for its segment (about 32,000 characters).
QByteArray withUserComment(const QByteArray& jpeg, const QString& text);

}  // namespace easel::gallery
