// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QString>

#include "shared/protocol/gcp_place.h"

class QSettings;

namespace easel::cloud {

/// How many pictures came to this computer from one machine since it was started last: what its cost is
/// shared among. Kept in the settings, so that closing the app does not make pictures dearer. A value.
class PictureCount {
public:
    /// What an earlier run has counted.
    static PictureCount from(const QSettings& settings);
    void save(QSettings& settings) const;

    /// The machine that is counted for, and since when it runs; another one, or another start, begins anew.
    void follow(const protocol::GcpPlace& place, const QDateTime& startedAt);
    void add() { ++m_count; }
    int count() const { return m_count; }

private:
    QString m_place;
    QDateTime m_startedAt;
    int m_count = 0;
};

}  // namespace easel::cloud
