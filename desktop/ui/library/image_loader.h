// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QSet>
#include <QString>
#include <QStringList>
#include <QThreadPool>

#include "shared/protocol/problem.h"

namespace easel::ui {

/// Decodes whole pictures off the GUI thread and keeps the last few, so that leafing through them is
/// instant. Owned by the large view; GUI thread.
class ImageLoader : public QObject {
    Q_OBJECT

public:
    explicit ImageLoader(QObject* parent = nullptr);
    ~ImageLoader() override;

    /// The picture if it is at hand, else null.
    QImage find(const QString& path) const;
    /// What is to be at hand, the most wanted first; `loaded` will tell. Takes the place of what was wanted
    /// before: of that only what has begun is finished.
    void want(const QStringList& paths);
    /// The file has changed.
    void forget(const QString& path) { m_recent.remove(path); }
    /// How many pictures were decoded.
    int decoded() const { return m_decoded; }

Q_SIGNALS:
    /// See gallery::decodeToShow.
    void loaded(const QString& path, const QImage& image);
    void failed(const QString& path, const easel::protocol::Problem& problem);

private:
    void startNext();

    QCache<QString, QImage> m_recent;
    QStringList m_wanted;
    QSet<QString> m_running;
    int m_decoded = 0;
    QThreadPool m_threads;
};

}  // namespace easel::ui
