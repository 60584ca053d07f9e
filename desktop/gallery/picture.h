// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QMetaType>
#include <QSize>
#include <QString>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/generation.h"

namespace easel::gallery {

/// A picture in the library: one PNG file. A value; what is in it can always be read from the file again.
struct Picture {
    QString path;       ///< absolute; identifies the picture
    QDateTime created;  ///< from the file's name where it tells, else its modification time
    std::int64_t bytes = 0;
    std::int64_t modified = 0;  ///< milliseconds since 1970 UTC
    bool described = false;     ///< the file's header has been read: `size` and `settings` are what it holds
    QSize size;                 ///< pixels; empty until described
    /// From the file's infotext; `seed` is this picture's own. Absent until described, and in files of
    /// other origin that carry none.
    std::optional<protocol::GenerationSettings> settings;
    /// What else it was made with that no settings can say; see protocol::unsupportedIn.
    std::vector<std::string> unsupported;

    bool operator==(const Picture&) const = default;
};

/// The prompt, or what the file name says where there is none.
QString promptOf(const Picture& picture);
/// The order of the library: newest first; the path decides between equals.
bool isNewer(const Picture& a, const Picture& b);
/// Names the picture to a person: its prompt, at most a dozen lines of it, and seed; plain text, for screen
/// readers.
QString describe(const Picture& picture);
/// At most a dozen lines of `text`, for a tooltip. Plain text: see FlatStyle::polish.
QString asToolTip(const QString& text);

}  // namespace easel::gallery

Q_DECLARE_METATYPE(easel::gallery::Picture)
