// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/png_text.h"

#include <QtEndian>

#include <algorithm>

namespace easel::gallery {

namespace {

const QByteArray kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr qint64 kMaxTextBytes = 16LL * 1024 * 1024;
// Deflate grows at most about a thousandfold, which keeps a hostile text below 256 MiB.
constexpr qint64 kMaxCompressedBytes = 256LL * 1024;
constexpr qsizetype kAfterHeader = 8 + 4 + 4 + 13 + 4;  ///< where IHDR ends

/// The checksum of PNG chunks (ISO 3309).
quint32 crc32(const QByteArray& bytes) {
    quint32 crc = 0xffffffffu;
    for (const char byte : bytes) {
        crc ^= static_cast<quint8>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

QByteArray bigEndian(quint32 value) {
    QByteArray bytes(4, '\0');
    qToBigEndian(value, bytes.data());
    return bytes;
}

QByteArray inflate(const QByteArray& zlib) {
    if (zlib.size() > kMaxCompressedBytes)
        return {};
    // qUncompress wants a guess of the size in front; it grows when that is too small.
    return qUncompress(bigEndian(static_cast<quint32>(zlib.size()) * 4) + zlib);
}

bool isTextChunk(const QByteArray& type) {
    return type == "tEXt" || type == "zTXt" || type == "iTXt";
}

/// The text of a tEXt, zTXt or iTXt chunk, if it is the one of `keyword`.
std::optional<QString> textIn(const QByteArray& type, const QByteArray& data, const QByteArray& keyword) {
    if (!data.startsWith(keyword + '\0'))
        return std::nullopt;
    const QByteArray rest = data.mid(keyword.size() + 1);
    if (type == "tEXt")
        return QString::fromLatin1(rest);
    if (type == "zTXt")
        return QString::fromLatin1(inflate(rest.mid(1)));
    // iTXt: compression flag, compression method, language, 0, translated keyword, 0, text
    const qsizetype language = rest.indexOf('\0', 2);
    const qsizetype translated = language < 0 ? -1 : rest.indexOf('\0', language + 1);
    if (translated < 0)
        return std::nullopt;
    const QByteArray text = rest.mid(translated + 1);
    return QString::fromUtf8(rest.at(0) == 1 ? inflate(text) : text);
}

bool fitsLatin1(const QString& text) {
    return std::ranges::all_of(text, [](QChar c) { return c.unicode() < 256; });
}

}  // namespace

std::optional<PngHeader> readPngHeader(QIODevice& device, const QByteArray& keyword) {
    if (device.read(kSignature.size()) != kSignature)
        return std::nullopt;
    PngHeader header;
    for (;;) {
        const QByteArray head = device.read(8);
        if (head.size() < 8)
            break;
        const qint64 length = qFromBigEndian<quint32>(head.constData());
        const QByteArray type = head.mid(4);
        if (type == "IEND" || (type == "IDAT" && header.text))
            break;
        const bool wanted = type == "IHDR" || (isTextChunk(type) && length <= kMaxTextBytes);
        if (!wanted) {
            if (device.skip(length + 4) < length + 4)
                break;
            continue;
        }
        const QByteArray data = device.read(length);
        device.skip(4);
        if (data.size() < length)
            break;
        if (type == "IHDR" && length >= 8)
            header.size =
                QSize(qFromBigEndian<qint32>(data.constData()), qFromBigEndian<qint32>(data.constData() + 4));
        else if (!header.text)
            header.text = textIn(type, data, keyword);
    }
    if (header.size.isEmpty())
        return std::nullopt;
    return header;
}

QByteArray withPngText(const QByteArray& png, const QByteArray& keyword, const QString& text) {
    const bool latin1 = fitsLatin1(text);
    QByteArray chunk = latin1 ? "tEXt" + keyword + '\0' + text.toLatin1()
                              : "iTXt" + keyword + QByteArray(5, '\0') + text.toUtf8();
    QByteArray result = png.left(kAfterHeader);
    result += bigEndian(static_cast<quint32>(chunk.size() - 4));
    result += chunk;
    result += bigEndian(crc32(chunk));
    result += png.mid(kAfterHeader);
    return result;
}

}  // namespace easel::gallery
