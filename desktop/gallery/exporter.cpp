// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/exporter.h"

#include <QBuffer>
#include <QClipboard>
#include <QFile>
#include <QFileInfo>
#include <QGuiApplication>
#include <QImageReader>
#include <QImageWriter>
#include <QMimeData>
#include <QPainter>
#include <QUrl>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/file_name.h"
#include "desktop/gallery/jpeg_comment.h"
#include "desktop/gallery/picture_store.h"
#include "shared/protocol/infotext.h"

namespace easel::gallery {

namespace {

protocol::Expected<QByteArray> readBytes(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return tl::unexpected(cannotRead(path, file.errorString()));
    return file.readAll();
}

protocol::Expected<QByteArray> toJpeg(const Picture& picture, int quality) {
    QImageReader reader(picture.path);
    const QImage image = reader.read();
    if (image.isNull())
        return tl::unexpected(brokenPicture(QFileInfo(picture.path).fileName(), reader.errorString()));
    // JPEG has no transparency; painting also leaves behind the PNG's texts, which Qt would write as
    // comments.
    QImage flat(image.size(), QImage::Format_RGB32);
    flat.fill(Qt::white);
    QPainter(&flat).drawImage(0, 0, image);

    QByteArray bytes;
    QBuffer buffer(&bytes);
    QImageWriter writer(&buffer, "jpeg");
    writer.setQuality(quality);
    writer.setOptimizedWrite(true);
    if (!writer.write(flat))
        return tl::unexpected(brokenPicture(QFileInfo(picture.path).fileName(), writer.errorString()));
    if (!picture.settings)
        return bytes;
    return withUserComment(bytes,
                           QString::fromStdString(protocol::toInfotext(*picture.settings, EASEL_VERSION)));
}

/// Writes a file that must not exist yet; takes a half-written one away again.
protocol::Expected<void> writeNew(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly | QIODevice::NewOnly))
        return tl::unexpected(cannotWrite(path, bytes.size(), file.errorString()));
    if (file.write(bytes) == bytes.size() && file.flush())
        return {};
    protocol::Problem problem = cannotWrite(path, bytes.size(), file.errorString());
    file.remove();
    return tl::unexpected(std::move(problem));
}

}  // namespace

protocol::Expected<QString> exportPicture(const Picture& picture, const ExportOptions& options, int index) {
    const bool jpeg = options.format == ExportOptions::Format::Jpeg;
    // What is not known yet (the scan may still be on its way) is read now.
    const Picture known = picture.described ? picture : describeFile(picture.path);
    auto bytes = jpeg ? toJpeg(known, options.jpegQuality) : readBytes(picture.path);
    if (!bytes)
        return tl::unexpected(std::move(bytes.error()));
    QString path = freePath(options.folder, expandPattern(options.pattern, known, index),
                            jpeg ? QStringLiteral("jpg") : QStringLiteral("png"));
    if (auto written = writeNew(path, *bytes); !written)
        return tl::unexpected(std::move(written.error()));
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
    if (m_running)
        return;
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
            if (path)
                report.files.append(*path);
            else
                report.problems.push_back(std::move(path.error()));
            QMetaObject::invokeMethod(this, [this, done, total] { Q_EMIT progress(done, total); });
        }
        QMetaObject::invokeMethod(this, [this, report] {
            m_running = false;
            Q_EMIT finished(report);
        });
    });
}

std::unique_ptr<QMimeData> mimeDataFor(const QStringList& paths) {
    auto data = std::make_unique<QMimeData>();
    QList<QUrl> urls;
    for (const QString& path : paths)
        urls.append(QUrl::fromLocalFile(path));
    data->setUrls(urls);
    if (paths.size() == 1)
        data->setImageData(QImageReader(paths.first()).read());
    return data;
}

void copyToClipboard(const QStringList& paths) {
    if (!paths.isEmpty())
        QGuiApplication::clipboard()->setMimeData(mimeDataFor(paths).release());
}

}  // namespace easel::gallery
