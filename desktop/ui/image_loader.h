// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QSet>
#include <QString>
#include <QThreadPool>

namespace easel::ui {

/// Decodes whole pictures off the GUI thread and keeps the last few, so that leafing through them is
/// instant. Owned by the large view; GUI thread.
class ImageLoader : public QObject {
    Q_OBJECT

public:
    explicit ImageLoader(QObject* parent = nullptr);
    ~ImageLoader() override;

    /// The picture if it is at hand; else null, and `loaded` will tell.
    QImage find(const QString& path);

Q_SIGNALS:
    /// Null when the file can't be read as a picture.
    void loaded(const QString& path, const QImage& image);

private:
    QCache<QString, QImage> m_recent;
    QSet<QString> m_running;
    QThreadPool m_threads;
};

}  // namespace easel::ui
