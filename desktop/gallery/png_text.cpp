// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/png_text.h"

#include <QtEndian>

#include <algorithm>

#include <zlib.h>

namespace easel::gallery {

namespace {

const QByteArray kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr qint64 kMaxTextBytes = 1024LL * 1024;  ///< as it is read; an infotext has a few kilobytes
constexpr qint64 kHeadBytes = 8;                 ///< of a chunk: length and type
constexpr qint64 kChecksumBytes = 4;
// Deflate grows a thousandfold at most.
constexpr qint64 kMostTextForQt = 64LL * 1024;
constexpr qint64 kMaxHeaderBytes = 64;                  ///< IHDR has 13
constexpr qsizetype kAfterHeader = 8 + 4 + 4 + 13 + 4;  ///< where IHDR ends

QByteArray bigEndian(quint32 value) {
    QByteArray bytes(4, '\0');
    qToBigEndian(value, bytes.data());
    return bytes;
}

/// What a chunk begins with; its data and a checksum follow.
struct ChunkHead {
    QByteArray bytes;
    QByteArray type;
    qint64 length = 0;  ///< of the data

    qint64 rest() const { return length + kChecksumBytes; }
    bool isText() const { return type == "tEXt" || type == "zTXt" || type == "iTXt"; }
};

/// The head of the next chunk of `device`; nothing at its end.
std::optional<ChunkHead> readHead(QIODevice& device) {
    const QByteArray bytes = device.read(kHeadBytes);
    if (bytes.size() < kHeadBytes) {
        return std::nullopt;
    }
    return ChunkHead{bytes, bytes.mid(4), qFromBigEndian<quint32>(bytes.constData())};
}

/// At most kMaxTextBytes of it; empty when there is more or it is damaged.
QByteArray inflate(const QByteArray& compressed) {
    QByteArray text(kMaxTextBytes, Qt::Uninitialized);
    auto size = static_cast<uLongf>(text.size());
    const int result = uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                                  reinterpret_cast<const Bytef*>(compressed.constData()),
                                  static_cast<uLong>(compressed.size()));
    text.truncate(result == Z_OK ? static_cast<qsizetype>(size) : 0);
    return text;
}

/// The text of a tEXt, zTXt or iTXt chunk that begins with `keyword`.
std::optional<QString> textIn(const QByteArray& type, const QByteArray& data, const QByteArray& keyword) {
    const QByteArray rest = data.mid(keyword.size() + 1);
    if (type == "tEXt") {
        return QString::fromLatin1(rest);
    }
    if (type == "zTXt") {
        return QString::fromLatin1(inflate(rest.mid(1)));
    }
    // iTXt: compression flag, compression method, language, 0, translated keyword, 0, text
    const qsizetype language = rest.indexOf('\0', 2);
    const qsizetype translated = language < 0 ? -1 : rest.indexOf('\0', language + 1);
    if (translated < 0) {
        return std::nullopt;
    }
    const QByteArray text = rest.mid(translated + 1);
    return QString::fromUtf8(rest.at(0) == 1 ? inflate(text) : text);
}

bool fitsLatin1(const QString& text) {
    return std::ranges::all_of(text, [](QChar c) { return c.unicode() < 256; });
}

}  // namespace

std::optional<PngHeader> readPngHeader(QIODevice& device, const QByteArray& keyword) {
    if (device.read(kSignature.size()) != kSignature) {
        return std::nullopt;
    }
    PngHeader header;
    while (const auto head = readHead(device)) {
        if (head->type == "IEND" || (head->type == "IDAT" && header.text)) {
            break;
        }
        const bool own = head->isText() && !header.text && head->length <= kMaxTextBytes &&
                         device.peek(keyword.size() + 1) == keyword + '\0';
        const bool wanted = own || (head->type == "IHDR" && head->length <= kMaxHeaderBytes);
        if (!wanted) {
            if (device.skip(head->rest()) < head->rest()) {
                break;
            }
            continue;
        }
        const QByteArray data = device.read(head->length);
        device.skip(kChecksumBytes);
        if (data.size() < head->length) {
            break;
        }
        if (head->type == "IHDR" && head->length >= 8) {
            header.size =
                QSize(qFromBigEndian<qint32>(data.constData()), qFromBigEndian<qint32>(data.constData() + 4));
        } else {
            header.text = textIn(head->type, data, keyword);
        }
    }
    if (header.size.isEmpty()) {
        return std::nullopt;
    }
    return header;
}

bool hasLargeTexts(QIODevice& device) {
    qint64 bytes = 0;
    if (device.read(kSignature.size()) == kSignature) {
        while (const auto head = readHead(device)) {
            bytes += head->isText() ? head->rest() : 0;
            if (device.skip(head->rest()) < head->rest()) {
                break;
            }
        }
    }
    device.seek(0);
    return bytes > kMostTextForQt;
}

QByteArray withoutTexts(QIODevice& device) {
    QByteArray result = device.read(kSignature.size());
    while (const auto head = readHead(device)) {
        if (!head->isText()) {
            result += head->bytes + device.read(std::min(head->rest(), device.bytesAvailable()));
        } else if (device.skip(head->rest()) < head->rest()) {
            break;
        }
    }
    return result;
}

QByteArray withPngText(const QByteArray& png, const QByteArray& keyword, const QString& text) {
    const bool latin1 = fitsLatin1(text);
    QByteArray chunk = latin1 ? "tEXt" + keyword + '\0' + text.toLatin1()
                              : "iTXt" + keyword + QByteArray(5, '\0') + text.toUtf8();
    QByteArray result = png.left(kAfterHeader);
    result += bigEndian(static_cast<quint32>(chunk.size() - 4));
    result += chunk;
    result += bigEndian(static_cast<quint32>(
        crc32(0, reinterpret_cast<const Bytef*>(chunk.constData()), static_cast<uInt>(chunk.size()))));
    result += png.mid(kAfterHeader);
    return result;
}

}  // namespace easel::gallery
