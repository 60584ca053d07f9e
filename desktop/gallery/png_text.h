// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QIODevice>
#include <QSize>
#include <QString>

#include <optional>

/// The text chunks of PNG files, read and written by hand: Qt's own reader folds newlines, which an infotext
/// needs, and its writer compresses long texts into chunks that other tools don't read. libspng, which the
/// server has, finds texts behind the pixels only by unpacking these, refuses all texts for one that is too
/// large, and neither adds a text to a file nor takes one away.
namespace easel::gallery {

struct PngHeader {
    QSize size;                   ///< pixels
    std::optional<QString> text;  ///< of the keyword asked for
};

/// Reads up to the pixels (and past them only when the text is not before them) and never more than 1 MiB of
/// text, before or after it is inflated: a longer one is taken for none. Nothing when `device` holds no PNG.
std::optional<PngHeader> readPngHeader(QIODevice& device, const QByteArray& keyword);

/// Whether the texts of a PNG file may take more than a few megabytes when they are inflated, which Qt's
/// reader would do. Leaves `device` at its beginning.
bool hasLargeTexts(QIODevice& device);
/// The bytes of a PNG file without its texts.
QByteArray withoutTexts(QIODevice& device);

/// `png` with a text chunk added before the pixels: tEXt where Latin-1 suffices, else uncompressed iTXt.
QByteArray withPngText(const QByteArray& png, const QByteArray& keyword, const QString& text);

}  // namespace easel::gallery
