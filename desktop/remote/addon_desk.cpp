// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/addon_desk.h"

#include <utility>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

using namespace std::chrono_literals;
using protocol::AddonInfo;

AddonDesk::AddonDesk(Remote& remote, ServerLink& link, QObject* parent)
    : AddonDesk(remote, link, 15'000ms, parent) {}

AddonDesk::AddonDesk(Remote& remote, ServerLink& link, std::chrono::milliseconds again, QObject* parent)
    : QObject(parent), m_remote(remote), m_link(link) {
    m_again.setSingleShot(true);
    m_again.setInterval(again);
    connect(&m_again, &QTimer::timeout, this, &AddonDesk::ask);
    connect(&m_remote, &Remote::addressChanged, this, [this] {
        ++m_server;
        m_isOnline = false;
        m_again.stop();
        take({});
    });
    connect(&m_link, &ServerLink::stateChanged, this, &AddonDesk::onState);
    connect(&m_link, &ServerLink::infoChanged, this, &AddonDesk::onState);
}

void AddonDesk::onState() {
    if (std::exchange(m_isOnline, m_link.isOnline()) != m_isOnline && m_isOnline) {
        ask();
    }
}

void AddonDesk::ask() {
    m_again.stop();
    m_remote.addons(this, [this, server = m_server](protocol::Expected<std::vector<AddonInfo>> addons) {
        if (server != m_server) {
            return;
        }
        if (addons) {
            take(*addons);
        }
        // A server that is too old for them stays so until it is another.
        const bool isKnown = addons || addons.error().status != 404;
        if (m_isOnline && isKnown) {
            m_again.start();
        }
    });
}

void AddonDesk::take(std::vector<AddonInfo> addons) {
    if (addons != m_addons) {
        m_addons = std::move(addons);
        Q_EMIT changed();
    }
}

}  // namespace easel::remote
