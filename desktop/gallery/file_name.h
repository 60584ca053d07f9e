// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QString>
#include <QStringList>

#include <optional>

#include "desktop/gallery/picture.h"

/// Names of picture files: safe on every file system, and telling.
namespace easel::gallery {

/// The first words of a prompt for a file name: lower case, words joined by '-', at most `longest`
/// characters.
QString slug(const QString& prompt, int longest = 48);

/// `name` without what any common file system refuses: reserved characters and device names, control
/// characters, blanks and dots at the ends; at most 200 bytes of UTF-8. Never empty.
QString safeName(const QString& name);

/// The name of a new picture: "2026-11-22_14-25-30-123_41_a-lighthouse.png"; sorts by time.
QString pictureName(const QDateTime& created, std::int64_t seed, const QString& prompt);
/// The time in a name made by pictureName; nothing for other names.
std::optional<QDateTime> timeInName(const QString& fileName);
/// The prompt's words in a name made by pictureName; the name itself for others.
QString wordsInName(const QString& fileName);

/// Fills in a pattern for export, see patternTokens; unknown braces stay. Without an extension, and safe as a
/// file name.
QString expandPattern(const QString& pattern, const Picture& picture, int index);

/// What expandPattern fills in, with their braces.
QStringList patternTokens();
/// What stands in braces in `pattern` and is none of them.
QStringList unknownTokens(const QString& pattern);

/// `folder`/`name`.`extension`, or with "-1", "-2", … added where that is taken.
QString freePath(const QString& folder, const QString& name, const QString& extension);

}  // namespace easel::gallery
