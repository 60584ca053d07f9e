// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>
#include <vector>

#include "shared/protocol/addon_info.h"

namespace easel::remote {

class Remote;
class ServerLink;

/// What can be added to models at the server that is connected: asked for when it is, and now and then, for
/// files come and go on its disk. Owned by Studio; GUI thread.
class AddonDesk : public QObject {
    Q_OBJECT

public:
    /// Both outlive it.
    AddonDesk(Remote& remote, ServerLink& link, QObject* parent = nullptr);
    AddonDesk(Remote& remote, ServerLink& link, std::chrono::milliseconds again, QObject* parent = nullptr);

    /// As the server lists them; those that it said last while it is away, none of a server that has not
    /// answered or is too old to have any.
    const std::vector<protocol::AddonInfo>& addons() const { return m_addons; }

Q_SIGNALS:
    void changed();

private:
    void onState();
    void ask();
    void take(std::vector<protocol::AddonInfo> addons);

    Remote& m_remote;
    ServerLink& m_link;
    QTimer m_again;
    bool m_isOnline = false;
    std::vector<protocol::AddonInfo> m_addons;
    int m_server = 0;  ///< tells answers of this server from those of an earlier one
};

}  // namespace easel::remote
