// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QImage>
#include <QSize>
#include <QString>

#include "shared/protocol/problem.h"

/// Pictures out of files, turned upright, within bounds of our own instead of Qt's. Any thread.
namespace easel::gallery {

/// What thumbnails, and what whole pictures, may take in memory; together under 300 MB.
inline constexpr qint64 kThumbnailBytes = 144LL * 1024 * 1024;
inline constexpr qint64 kPictureBytes = 128LL * 1024 * 1024;
static_assert(kThumbnailBytes + kPictureBytes <= 300'000'000);
/// What decoding one picture may take while it lasts.
inline constexpr qint64 kMostDecodedBytes = 1024LL * 1024 * 1024;

/// Whether decodeWhole takes no more than a moment.
bool isQuick(const QString& path);
/// Pixels; empty where it can't be told.
QSize uprightSize(const QString& path);
/// Scaled down to fit into a square with this edge; smaller pictures keep their size.
protocol::Expected<QImage> decodeSmall(const QString& path, int edge);
/// In its own size, or in the largest that takes at most kPictureBytes.
protocol::Expected<QImage> decodeToShow(const QString& path);
/// In its own size. Errors, as of all three: no such file, no picture, more than kMostDecodedBytes.
protocol::Expected<QImage> decodeWhole(const QString& path);
/// A picture that came over the wire as `contentType`, image/jpeg or image/png; null when it is none, or has
/// more than `mostSide` pixels to a side.
QImage decodeReceived(const QByteArray& bytes, const QByteArray& contentType, int mostSide);

}  // namespace easel::gallery
