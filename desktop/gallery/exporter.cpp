// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/exporter.h"

#include <QBuffer>
#include <QClipboard>
#include <QColorSpace>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QGuiApplication>
#include <QImageWriter>
#include <QMimeData>
#include <QPainter>
#include <QUrl>

#include "desktop/gallery/decode.h"
#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/file_name.h"
#include "desktop/gallery/jpeg_comment.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/png_text.h"
#include "shared/protocol/infotext.h"

namespace easel::gallery {

namespace {

const QByteArray kKeyword(protocol::kInfotextKeyword.data(), protocol::kInfotextKeyword.size());

protocol::Expected<QByteArray> readBytes(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return tl::unexpected(cannotRead(path, file.errorString()));
    }
    return file.readAll();
}

const char* qtName(ExportOptions::Format format) {
    return format == ExportOptions::Format::Jpeg   ? "jpeg"
           : format == ExportOptions::Format::WebP ? "webp"
                                                   : "png";
}

/// The picture alone, without the texts of the file, which Qt would write as comments.
QImage bare(const QImage& image) {
    QImage view(image.constBits(), image.width(), image.height(), image.bytesPerLine(), image.format());
    view.setColorTable(image.colorTable());
    view.setColorSpace(image.colorSpace());
    return view;
}

/// Paints white beneath what is transparent, in place: a large picture is not held twice.
void flatten(QImage& image) {
    if (image.hasAlphaChannel()) {
        image.convertTo(QImage::Format_ARGB32_Premultiplied);
        QPainter painter(&image);
        painter.setCompositionMode(QPainter::CompositionMode_DestinationOver);
        painter.fillRect(image.rect(), Qt::white);
    }
    image.convertTo(QImage::Format_RGB32);
}

protocol::Expected<QByteArray> encode(const Picture& picture, const ExportOptions& options) {
    auto image = decodeWhole(picture.path);
    if (!image) {
        return tl::unexpected(std::move(image.error()));
    }
    if (options.longestSide > 0 && std::max(image->width(), image->height()) > options.longestSide) {
        *image = image->scaled(options.longestSide, options.longestSide, Qt::KeepAspectRatio,
                               Qt::SmoothTransformation);
    }
    const bool jpeg = options.format == ExportOptions::Format::Jpeg;
    if (jpeg) {
        flatten(*image);
    }

    QByteArray bytes;
    QBuffer buffer(&bytes);
    QImageWriter writer(&buffer, qtName(options.format));
    if (options.format != ExportOptions::Format::Png) {
        writer.setQuality(options.quality);
    }
    writer.setOptimizedWrite(jpeg);
    if (!writer.write(bare(*image))) {
        return tl::unexpected(brokenPicture(QFileInfo(picture.path).fileName(), writer.errorString()));
    }
    if (!picture.settings || !options.keepSettings) {
        return bytes;
    }
    const QString text = QString::fromStdString(protocol::toInfotext(*picture.settings, EASEL_VERSION));
    switch (options.format) {
        case ExportOptions::Format::Jpeg:
            return withUserComment(bytes, text);
        case ExportOptions::Format::Png:
            return withPngText(bytes, kKeyword, text);
        case ExportOptions::Format::WebP:
            break;
    }
    return bytes;
}

/// Whether the file's own bytes are what is asked for.
bool asItIs(const Picture& picture, const ExportOptions& options) {
    return options.format == ExportOptions::Format::Png && options.keepSettings &&
           (options.longestSide == 0 ||
            std::max(picture.size.width(), picture.size.height()) <= options.longestSide);
}

/// Writes a file that must not exist yet; takes a half-written one away again.
protocol::Expected<void> writeNew(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly | QIODevice::NewOnly)) {
        return tl::unexpected(cannotWrite(path, bytes.size(), file.errorString()));
    }
    if (file.write(bytes) == bytes.size() && file.flush()) {
        return {};
    }
    protocol::Problem problem = cannotWrite(path, bytes.size(), file.errorString());
    file.remove();
    return tl::unexpected(std::move(problem));
}

}  // namespace

QString suffixOf(ExportOptions::Format format) {
    return format == ExportOptions::Format::Jpeg ? QStringLiteral("jpg") : QLatin1String(qtName(format));
}

bool canExport(ExportOptions::Format format) {
    return QImageWriter::supportedImageFormats().contains(qtName(format));
}

protocol::Expected<QString> exportPicture(const Picture& picture, const ExportOptions& options, int index) {
    // What is not known yet (the scan may still be on its way) is read now.
    const Picture known = picture.described ? picture : describeFile(picture.path);
    auto bytes = asItIs(known, options) ? readBytes(picture.path) : encode(known, options);
    if (!bytes) {
        return tl::unexpected(std::move(bytes.error()));
    }
    QString path =
        freePath(options.folder, expandPattern(options.pattern, known, index), suffixOf(options.format));
    if (!QDir().mkpath(options.folder)) {
        return tl::unexpected(
            cannotWrite(path, 0, QObject::tr("the folder %1 can't be made").arg(options.folder)));
    }
    if (auto written = writeNew(path, *bytes); !written) {
        return tl::unexpected(std::move(written.error()));
    }
    return path;
}

Exporter::Exporter(QObject* parent) : QObject(parent) {
    m_thread.setMaxThreadCount(1);
}

Exporter::~Exporter() {
    m_cancelled = true;
    m_thread.waitForDone();
}

void Exporter::start(const QList<Picture>& pictures, const ExportOptions& options) {
    if (m_running) {
        return;
    }
    m_running = true;
    m_cancelled = false;
    m_thread.start([this, pictures, options] {
        ExportReport report;
        int done = 0;
        const auto total = static_cast<int>(pictures.size());
        for (const Picture& picture : pictures) {
            if (m_cancelled) {
                report.cancelled = true;
                break;
            }
            auto path = exportPicture(picture, options, ++done);
            if (path) {
                report.files.append(*path);
            } else {
                report.problems.push_back(std::move(path.error()));
            }
            QMetaObject::invokeMethod(this, [this, done, total] { Q_EMIT progress(done, total); });
        }
        QMetaObject::invokeMethod(this, [this, report] {
            m_running = false;
            Q_EMIT finished(report);
        });
    });
}

namespace {

/// Decodes the picture when somebody takes it: a large one takes seconds and hundreds of megabytes.
class PictureMime : public QMimeData {
public:
    explicit PictureMime(QString path) : m_path(std::move(path)) {}

    /// The file may be gone when it is taken.
    void decodeNow() { m_image = decodeWhole(m_path).value_or(QImage()); }

    QStringList formats() const override { return QMimeData::formats() << QLatin1String(kImage); }
    bool hasFormat(const QString& format) const override {
        return format == QLatin1String(kImage) || QMimeData::hasFormat(format);
    }

protected:
    QVariant retrieveData(const QString& format, QMetaType type) const override {
        if (format != QLatin1String(kImage)) {
            return QMimeData::retrieveData(format, type);
        }
        return m_image.isNull() ? decodeWhole(m_path).value_or(QImage()) : m_image;
    }

private:
    static constexpr char kImage[] = "application/x-qt-image";

    QString m_path;
    QImage m_image;
};

std::unique_ptr<QMimeData> filesOf(std::unique_ptr<QMimeData> data, const QStringList& paths) {
    QList<QUrl> urls;
    for (const QString& path : paths) {
        urls.append(QUrl::fromLocalFile(path));
    }
    data->setUrls(urls);
    return data;
}

}  // namespace

std::unique_ptr<QMimeData> mimeDataFor(const QStringList& paths) {
    if (paths.size() == 1) {
        return filesOf(std::make_unique<PictureMime>(paths.first()), paths);
    }
    return filesOf(std::make_unique<QMimeData>(), paths);
}

void copyToClipboard(const QStringList& paths) {
    std::unique_ptr<QMimeData> data = mimeDataFor(paths);
    if (auto* picture = dynamic_cast<PictureMime*>(data.get()); picture && isQuick(paths.first())) {
        picture->decodeNow();
    }
    if (!paths.isEmpty()) {
        QGuiApplication::clipboard()->setMimeData(data.release());
    }
}

}  // namespace easel::gallery
