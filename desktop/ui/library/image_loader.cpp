// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/image_loader.h"

#include <algorithm>

#include "desktop/gallery/decode.h"

namespace easel::ui {

namespace {

constexpr int kThreads = 2;

qsizetype kilobytes(const QImage& image) {
    return std::max<qsizetype>(1, image.sizeInBytes() / 1024);
}

}  // namespace

ImageLoader::ImageLoader(QObject* parent) : QObject(parent), m_recent(gallery::kPictureBytes / 1024) {
    m_threads.setMaxThreadCount(kThreads);
}

ImageLoader::~ImageLoader() {
    m_threads.clear();
    m_threads.waitForDone();
}

QImage ImageLoader::find(const QString& path) const {
    const QImage* image = m_recent.object(path);
    return image ? *image : QImage();
}

void ImageLoader::want(const QStringList& paths) {
    m_wanted = paths;
    startNext();
}

void ImageLoader::startNext() {
    for (const QString& path : std::as_const(m_wanted)) {
        if (m_running.size() >= kThreads) {
            return;
        }
        if (path.isEmpty() || m_recent.contains(path) || m_running.contains(path)) {
            continue;
        }
        m_running.insert(path);
        m_threads.start([this, path] {
            auto image = gallery::decodeToShow(path);
            QMetaObject::invokeMethod(this, [this, path, image = std::move(image)] {
                ++m_decoded;
                m_running.remove(path);
                const bool first = m_wanted.indexOf(path) == 0;
                m_wanted.removeAll(path);
                if (!image) {
                    Q_EMIT failed(path, image.error());
                } else {
                    // One that only might be wanted drives out none that is.
                    if (first || m_recent.totalCost() + kilobytes(*image) <= m_recent.maxCost()) {
                        m_recent.insert(path, new QImage(*image), kilobytes(*image));
                    }
                    Q_EMIT loaded(path, *image);
                }
                startNext();
            });
        });
    }
}

}  // namespace easel::ui
