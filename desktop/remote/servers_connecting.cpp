// SPDX-License-Identifier: Apache-2.0
// How the app comes to the server that was chosen: with its key, and through a tunnel where it needs one.
#include <utility>

#include "desktop/remote/keyring.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"

namespace easel::remote {

QString Servers::calledOf(const ServerProfile& profile) {
    return profile.gcp ? profile.title() : profile.name;  // The near end of a tunnel tells nobody anything.
}

Endpoint Servers::endpointOf(const ServerProfile& profile) const {
    return {profile.url(), profile.fingerprint, m_keys.value(profile.id), calledOf(profile)};
}

void Servers::connectTo(const ServerProfile& profile) {
    const Endpoint endpoint = endpointOf(profile);
    m_isKeyAwaited = profile.hasKey && endpoint.key.isEmpty() && m_keyring != nullptr;
    if (!profile.gcp) {
        closeTunnel();
        if (!m_isKeyAwaited) {
            return m_link.connectTo(endpoint);
        }
        m_link.prepare(endpoint);
        return readKey(profile.id);
    }
    m_link.awaitTunnel(endpoint);
    if (m_isKeyAwaited) {
        readKey(profile.id);
    }
    if (m_tunnelTo != profile.gcp) {
        closeTunnel();
        if (m_tunnels == nullptr) {
            return m_link.failTunnel(
                protocol::Problem{0, "no_tunnels", tr("no tunnel").toStdString(),
                                  tr("Easel was started without Google Cloud.").toStdString(), std::nullopt});
        }
        m_tunnelTo = profile.gcp;
        useTunnel(m_tunnels->tunnelTo(*profile.gcp));
    } else if (m_port == 0) {
        m_tunnel->reopen();
    } else {
        goThroughTunnel();
    }
}

void Servers::readKey(const QString& id) {
    m_keyring->read(id, this, [this, id](const std::optional<QByteArray>& key) {
        if (key && find(id) != nullptr) {
            m_keys.insert(id, *key);
        }
        if (id != m_current) {
            return;
        }
        m_isKeyAwaited = false;
        if (m_tunnelTo) {
            goThroughTunnel();
        } else {
            m_link.useKey(m_keys.value(id));
        }
    });
}

void Servers::useTunnel(std::unique_ptr<Tunnel> tunnel) {
    m_tunnel = std::move(tunnel);
    connect(m_tunnel.get(), &Tunnel::opened, this, [this](int port) {
        m_port = port;
        goThroughTunnel();
    });
    connect(m_tunnel.get(), &Tunnel::failed, this, [this](const protocol::Problem& problem) {
        m_port = 0;
        m_link.failTunnel(problem);
    });
}

void Servers::discard(std::unique_ptr<Tunnel> tunnel) const {
    if (tunnel) {
        tunnel->disconnect(this);
        tunnel.release()->deleteLater();
    }
}

void Servers::closeTunnel() {
    discard(std::move(m_tunnel));
    m_tunnelTo.reset();
    m_port = 0;
}

void Servers::goThroughTunnel() {
    ServerProfile* profile = find(m_current);
    if (profile == nullptr || m_port == 0 || m_isKeyAwaited) {
        return;
    }
    const QString address = nearEnd(m_port);
    if (std::exchange(profile->address, address) != address) {
        save();
    }
    const Endpoint endpoint = endpointOf(*profile);
    const bool isBack = m_link.endpoint() == endpoint && m_link.state() != ServerLink::State::OpeningTunnel &&
                        m_link.state() != ServerLink::State::NoTunnel;
    if (isBack) {
        m_link.tryNow();
    } else {
        m_link.connectTo(endpoint);
    }
}

void Servers::resume() {
    // Where it was given up, the link asks for it.
    if (m_tunnel && m_link.state() != ServerLink::State::NoTunnel) {
        m_tunnel->reopen();
    }
}

}  // namespace easel::remote
