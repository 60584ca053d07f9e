// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/image_loader.h"

#include <QImageReader>

namespace easel::ui {

namespace {

constexpr qsizetype kKeptKilobytes = 256LL * 1024;

}  // namespace

ImageLoader::ImageLoader(QObject* parent) : QObject(parent), m_recent(kKeptKilobytes) {
    m_threads.setMaxThreadCount(2);
}

ImageLoader::~ImageLoader() {
    m_threads.clear();
    m_threads.waitForDone();
}

QImage ImageLoader::find(const QString& path) {
    if (const QImage* image = m_recent.object(path))
        return *image;
    if (path.isEmpty() || m_running.contains(path))
        return {};
    m_running.insert(path);
    m_threads.start([this, path] {
        const QImage image = QImageReader(path).read();
        QMetaObject::invokeMethod(this, [this, path, image] {
            m_running.remove(path);
            if (!image.isNull())
                m_recent.insert(path, new QImage(image), std::max<qsizetype>(1, image.sizeInBytes() / 1024));
            Q_EMIT loaded(path, image);
        });
    });
    return {};
}

}  // namespace easel::ui
