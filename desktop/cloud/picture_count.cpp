// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/picture_count.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

#include "desktop/preferences/preferences.h"

namespace easel::cloud {

PictureCount PictureCount::from(const QSettings& settings) {
    const auto object = QJsonDocument::fromJson(preferences::kCloudPictures.of(settings).toUtf8()).object();
    PictureCount count;
    count.m_place = object["machine"].toString();
    count.m_startedAt = QDateTime::fromString(object["started_at"].toString(), Qt::ISODate);
    count.m_count = std::max(0, object["count"].toInt());
    return count;
}

void PictureCount::save(QSettings& settings) const {
    const QJsonObject object{
        {"machine", m_place}, {"started_at", m_startedAt.toUTC().toString(Qt::ISODate)}, {"count", m_count}};
    preferences::kCloudPictures.set(settings,
                                    QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact)));
}

void PictureCount::follow(const protocol::GcpPlace& place, const QDateTime& startedAt) {
    const QString name = QString::fromStdString(toString(place));
    if (name == m_place && startedAt == m_startedAt) {
        return;
    }
    m_place = name;
    m_startedAt = startedAt;
    m_count = 0;
}

}  // namespace easel::cloud
