// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/decode.h"

#include <QBuffer>
#include <QFile>
#include <QFileInfo>
#include <QHash>
#include <QImageReader>
#include <QLocale>
#include <QObject>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/png_text.h"

namespace easel::gallery {

namespace {

constexpr qint64 kBytesPerPixel = 4;

qint64 bytesOf(const QSize& pixels) {
    return qint64(pixels.width()) * pixels.height() * kBytesPerPixel;
}

QSize reduced(const QSize& size, const QSize& target) {
    return size.scaled(target, Qt::KeepAspectRatio).expandedTo(QSize(1, 1));
}

protocol::Problem tooLarge(const QString& path, const QSize& size) {
    const QLocale locale;
    const auto shown = [&](qint64 bytes) {
        return locale.formattedDataSize(bytes, 0, QLocale::DataSizeTraditionalFormat);
    };
    return brokenPicture(QFileInfo(path).fileName(),
                         QObject::tr("%1 × %2 needs %3, and at most %4 are given to one picture")
                             .arg(QString::number(size.width()), QString::number(size.height()),
                                  shown(bytesOf(size)), shown(kMostDecodedBytes)));
}

/// `target` makes of the file's size the size to read in.
template <typename Target>
protocol::Expected<QImage> decode(const QString& path, Target target) {
    static std::once_flag once;
    std::call_once(once, [] { QImageReader::setAllocationLimit(int(kMostDecodedBytes / 1024 / 1024)); });

    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return tl::unexpected(cannotRead(path, file.errorString()));
    }
    QBuffer stripped;
    QIODevice* device = &file;
    if (hasLargeTexts(file)) {
        stripped.setData(withoutTexts(file));
        stripped.open(QIODevice::ReadOnly);
        device = &stripped;
    }
    QImageReader reader(device);
    reader.setDecideFormatFromContent(true);
    reader.setAutoTransform(true);
    const QSize size = reader.size();
    const QSize wanted = target(size);
    if (bytesOf(wanted) > kMostDecodedBytes) {
        return tl::unexpected(tooLarge(path, size));
    }
    if (wanted != size) {
        reader.setScaledSize(wanted);
    }
    QImage image = reader.read();
    if (!image.isNull()) {
        return image;
    }
    // Some forms (interlaced, 16 bits) are read in full even when they are wanted small.
    if (bytesOf(size) > kMostDecodedBytes) {
        return tl::unexpected(tooLarge(path, size));
    }
    return tl::unexpected(brokenPicture(QFileInfo(path).fileName(), reader.errorString()));
}

}  // namespace

bool isQuick(const QString& path) {
    return bytesOf(QImageReader(path).size()) <= kPictureBytes / 4;
}

QSize uprightSize(const QString& path) {
    QImageReader reader(path);
    reader.setDecideFormatFromContent(true);
    const bool isTurned = reader.transformation().testFlag(QImageIOHandler::TransformationRotate90);
    return isTurned ? reader.size().transposed() : reader.size();
}

protocol::Expected<QImage> decodeSmall(const QString& path, int edge) {
    return decode(path, [edge](const QSize& size) {
        return std::max(size.width(), size.height()) > edge ? reduced(size, {edge, edge}) : size;
    });
}

protocol::Expected<QImage> decodeToShow(const QString& path) {
    return decode(path, [](const QSize& size) {
        if (bytesOf(size) <= kPictureBytes) {
            return size;
        }
        const double factor = std::sqrt(double(kPictureBytes) / double(bytesOf(size)));
        return reduced(size, {int(size.width() * factor), int(size.height() * factor)});
    });
}

protocol::Expected<QImage> decodeWhole(const QString& path) {
    return decode(path, [](const QSize& size) { return size; });
}

QImage decodeReceived(const QByteArray& bytes, const QByteArray& contentType, int mostSide) {
    static const QHash<QByteArray, QByteArray> formats{{"image/jpeg", "jpeg"}, {"image/png", "png"}};
    QBuffer buffer;
    buffer.setData(bytes);
    // What a stranger sends is only ever read as what a server may send: Qt knows many more formats.
    QImageReader reader(&buffer, formats.value(contentType));
    reader.setAutoDetectImageFormat(false);
    const QSize size = reader.size();
    return size.isValid() && std::max(size.width(), size.height()) <= mostSide ? reader.read() : QImage();
}

}  // namespace easel::gallery
