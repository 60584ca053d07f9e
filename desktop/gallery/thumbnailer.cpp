// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/thumbnailer.h"

#include <QCryptographicHash>
#include <QDir>
#include <QDirIterator>
#include <QFileInfo>
#include <QImageReader>
#include <QImageWriter>
#include <QSaveFile>
#include <QStandardPaths>

#include "desktop/gallery/decode.h"

namespace easel::gallery {

namespace {

constexpr int kThreads = 2;
constexpr int kMemoryKiB = int(kThumbnailBytes / 1024);
// More than any screen shows at once; what falls out is asked for again when it is painted again.
constexpr std::size_t kMaxWishes = 512;
constexpr int kJpegQuality = 88;

/// Changes with the file, so that an old thumbnail is never shown for a new picture.
QString cacheKey(const Picture& picture) {
    return QStringLiteral("%1|%2|%3|%4")
        .arg(picture.path)
        .arg(picture.modified)
        .arg(picture.bytes)
        .arg(Thumbnailer::kEdge);
}

QString cachePath(const QString& folder, const Picture& picture) {
    const QByteArray hash =
        QCryptographicHash::hash(cacheKey(picture).toUtf8(), QCryptographicHash::Sha1).toHex();
    return folder + '/' + QLatin1String(hash.left(2)) + '/' + QLatin1String(hash.mid(2));
}

/// A cache that can't be written only costs time, so failures stay silent.
void keep(const QImage& image, const QString& path) {
    QDir().mkpath(QFileInfo(path).absolutePath());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) {
        return;
    }
    QImageWriter writer(&file, image.hasAlphaChannel() ? "png" : "jpeg");
    writer.setQuality(image.hasAlphaChannel() ? -1 : kJpegQuality);
    if (writer.write(image)) {
        file.commit();
    }
}

}  // namespace

Thumbnailer::Thumbnailer(QString cacheFolder, QObject* parent)
    : QObject(parent), m_folder(std::move(cacheFolder)), m_memory(kMemoryKiB) {
    m_threads.setMaxThreadCount(kThreads);
    m_threads.setThreadPriority(QThread::LowPriority);
}

Thumbnailer::~Thumbnailer() {
    m_threads.waitForDone();
}

QString Thumbnailer::defaultFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::CacheLocation) + QStringLiteral("/thumbnails");
}

QPixmap Thumbnailer::find(const Picture& picture) {
    if (const QPixmap* pixmap = m_memory.object(cacheKey(picture))) {
        return *pixmap;
    }
    if (m_broken.contains(picture.path) || m_running.contains(picture.path)) {
        return {};
    }
    std::erase_if(m_wishes, [&](const Picture& wish) { return wish.path == picture.path; });
    m_wishes.push_back(picture);
    if (m_wishes.size() > kMaxWishes) {
        m_wishes.erase(m_wishes.begin());
    }
    startNext();
    return {};
}

void Thumbnailer::keepOnly(const QList<Picture>& pictures) {
    m_threads.start([folder = m_folder, pictures] {
        QSet<QString> wanted;
        wanted.reserve(pictures.size());
        for (const Picture& picture : pictures) {
            wanted.insert(cachePath(folder, picture));
        }
        QDirIterator files(folder, QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            if (const QString path = files.next(); !wanted.contains(path)) {
                QFile::remove(path);
            }
        }
    });
}

void Thumbnailer::retry(const QString& path) {
    m_broken.remove(path);
}

void Thumbnailer::startNext() {
    while (!m_wishes.empty() && m_running.size() < kThreads) {
        const Picture picture = std::move(m_wishes.back());
        m_wishes.pop_back();
        m_running.insert(picture.path);
        m_threads.start([this, picture, cached = cachePath(m_folder, picture)] {
            QImage image = QImageReader(cached).read();
            const bool made = image.isNull();
            if (made) {
                if (auto small = decodeSmall(picture.path, kEdge)) {
                    image = std::move(*small);
                    keep(image, cached);
                }
            }
            QMetaObject::invokeMethod(this, [this, picture, image, made] { deliver(picture, image, made); });
        });
    }
}

void Thumbnailer::deliver(const Picture& picture, const QImage& image, bool made) {
    m_running.remove(picture.path);
    if (image.isNull()) {
        m_broken.insert(picture.path);
    } else {
        m_made += made ? 1 : 0;
        const auto kib = static_cast<int>(image.sizeInBytes() / 1024) + 1;
        m_memory.insert(cacheKey(picture), new QPixmap(QPixmap::fromImage(image)), kib);
    }
    startNext();
    Q_EMIT ready(picture.path);
}

}  // namespace easel::gallery
