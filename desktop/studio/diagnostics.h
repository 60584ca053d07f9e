// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

#include <functional>
#include <vector>

#include "desktop/studio/connection_history.h"
#include "desktop/studio/redaction.h"
#include "shared/protocol/generation.h"

class QSettings;

namespace easel::gallery {
class PictureModel;
class PictureStore;
}  // namespace easel::gallery

namespace easel::remote {
class Remote;
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::studio {

/// What somebody who helps wants to know of this app and its server, as plain text in English, without keys
/// and prompts (see Redaction). Watches the connection for as long as it lives. Owned by Studio; GUI thread.
class Diagnostics : public QObject {
    Q_OBJECT

public:
    /// All outlive it.
    struct Sources {
        remote::Remote& remote;
        remote::ServerLink& link;
        remote::Servers& servers;
        gallery::PictureStore& pictures;
        gallery::PictureModel& model;
        QSettings& settings;
        bool hasKeyring = false;
        /// What the person has asked for and means to ask for: its prompts are not to be told.
        std::function<std::vector<protocol::GenerationRequest>()> requests;
    };

    explicit Diagnostics(Sources sources, QObject* parent = nullptr);

    /// How things stand now; whole lines.
    QString report() const;
    /// The server's last log lines, or why there are none: what comes below the report. Calls `done` once,
    /// later, unless `context` is gone by then.
    void askServerLog(QObject* context, const std::function<void(const QString& lines)>& done) const;

private:
    Redaction redaction() const;

    Sources m_sources;
    ConnectionHistory m_history;
};

}  // namespace easel::studio
