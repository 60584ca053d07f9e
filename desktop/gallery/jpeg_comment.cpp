// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/jpeg_comment.h"

#include <QtEndian>

namespace easel::gallery {

namespace {

constexpr quint16 kExifPointer = 0x8769;
constexpr quint16 kUserComment = 0x9286;
constexpr quint16 kTypeLong = 4;
constexpr quint16 kTypeUndefined = 7;
constexpr qsizetype kMaxSegment = 65'535;
constexpr qsizetype kAfterStart = 2;  ///< the SOI marker

template <typename T>
QByteArray bigEndian(T value) {
    QByteArray bytes(sizeof(T), '\0');
    qToBigEndian(value, bytes.data());
    return bytes;
}

/// A directory of one entry, with no directory after it.
QByteArray directory(quint16 tag, quint16 type, quint32 count, quint32 value) {
    return bigEndian<quint16>(1) + bigEndian(tag) + bigEndian(type) + bigEndian(count) + bigEndian(value) +
           bigEndian<quint32>(0);
}

}  // namespace

QByteArray withUserComment(const QByteArray& jpeg, const QString& text) {
    QByteArray comment("UNICODE\0", 8);
    for (const QChar c : text) {
        comment += bigEndian(static_cast<quint16>(c.unicode()));
    }

    // Offsets count from the TIFF header: header (8), first directory (18), EXIF directory (18), comment.
    constexpr quint32 kFirst = 8;
    constexpr quint32 kExif = kFirst + 18;
    constexpr quint32 kData = kExif + 18;
    const QByteArray exif =
        QByteArray("Exif\0\0", 6) + "MM" + bigEndian<quint16>(42) + bigEndian(kFirst) +
        directory(kExifPointer, kTypeLong, 1, kExif) +
        directory(kUserComment, kTypeUndefined, static_cast<quint32>(comment.size()), kData) + comment;
    const qsizetype length = exif.size() + 2;
    if (length > kMaxSegment) {
        return jpeg;
    }
    return jpeg.left(kAfterStart) + "\xff\xe1" + bigEndian(static_cast<quint16>(length)) + exif +
           jpeg.mid(kAfterStart);
}

}  // namespace easel::gallery
