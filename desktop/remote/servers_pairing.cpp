// SPDX-License-Identifier: Apache-2.0
// What becomes of a code: its ticket is exchanged for a key, through a tunnel where it names a machine.
#include <QSysInfo>

#include <utility>

#include "desktop/remote/address.h"
#include "desktop/remote/keyring.h"
#include "desktop/remote/servers.h"

namespace easel::remote {

namespace {

/// What keys of this computer are listed as on a server.
QString deviceName() {
    const QString person = qEnvironmentVariable("USER");
    const QString host = QSysInfo::machineHostName();
    return person.isEmpty() ? host : QObject::tr("%1 on %2").arg(person, host);
}

}  // namespace

protocol::Expected<void> Servers::pair(ConnectionCode code) {
    const ServerProfile* profile = known(code.address, code.gcp);
    const bool differs = profile != nullptr && !profile->fingerprint.isEmpty() &&
                         !code.fingerprint.isEmpty() && profile->fingerprint != code.fingerprint;
    if (differs) {
        return refuse(tr("Certificate changed"),
                      tr("This code names another certificate than the one that %1 had. If you know why it "
                         "changed, forget the server first; then use the code.")
                          .arg(profile->title()));
    }
    if (code.gcp && m_tunnels == nullptr) {
        return refuse(tr("This code can't be used"), tr("Easel was started without Google Cloud."));
    }
    if (code.fingerprint.isEmpty() && profile != nullptr) {
        code.fingerprint = profile->fingerprint;
    }
    discard(std::move(m_pairingTunnel));
    m_code = std::move(code);
    if (!m_code->gcp) {
        exchange(m_code->address);
    } else if (m_tunnelTo == m_code->gcp && m_port != 0) {
        exchange(QUrl(nearEnd(m_port)));
    } else {
        pairThroughTunnel();
    }
    Q_EMIT changed();
    return {};
}

void Servers::pairThroughTunnel() {
    m_pairingTunnel = m_tunnels->tunnelTo(*m_code->gcp);
    const Tunnel* tunnel = m_pairingTunnel.get();
    connect(tunnel, &Tunnel::opened, this, [this](int port) {
        m_pairingTunnel->disconnect(this);
        exchange(QUrl(nearEnd(port)));
    });
    connect(tunnel, &Tunnel::failed, this, [this](const protocol::Problem& problem) {
        if (m_code) {
            onPaired(tl::unexpected(problem));
        }
    });
}

void Servers::exchange(const QUrl& address) {
    m_code->address = address;
    m_visitor.setEndpoint({address, m_code->fingerprint, {}, {}});
    m_visitor.pair(m_code->ticket, deviceName(), this,
                   [this, ticket = m_code->ticket](protocol::Expected<PairedKey> key) {
                       // Another code may have been pasted meanwhile.
                       if (m_code && m_code->ticket == ticket) {
                           onPaired(std::move(key));
                       }
                   });
}

void Servers::onPaired(protocol::Expected<PairedKey> key) {
    const ConnectionCode code = *std::exchange(m_code, std::nullopt);
    std::unique_ptr<Tunnel> tunnel = std::move(m_pairingTunnel);
    if (!key) {
        discard(std::move(tunnel));
        Q_EMIT changed();
        protocol::Problem problem = std::move(key.error());
        if (problem.code == kCertificateChanged || problem.code == kCertificateUnknown) {
            problem.detail =
                tr("%1 does not show the certificate that the code names. Nothing was sent. Make "
                   "another code on the server itself; if it does not help, somebody may be "
                   "listening in between.")
                    .arg(code.gcp ? QString::fromStdString(code.gcp->name) : displayName(code.address))
                    .toStdString();
        }
        Q_EMIT pairingFailed(problem);
        return;
    }
    if (tunnel) {
        closeTunnel();
        m_tunnelTo = code.gcp;
        m_port = code.address.port();
        useTunnel(std::move(tunnel));
    }
    ServerProfile& profile = profileAt(code.address, code.address.toString(), code.gcp);
    // A certificate that the system trusts is renewed every few weeks, so it is not held to one.
    if (profile.fingerprint.isEmpty() && (code.gcp || !m_visitor.isTrustedAnyway())) {
        profile.fingerprint = code.fingerprint;
    }
    if (profile.name.isEmpty()) {
        profile.name = code.name;
    }
    const QString title = profile.title();
    const QString id = profile.id;
    giveKey(profile, key->key, key->id);
    choose(id);
    Q_EMIT paired(title);
}

void Servers::giveKey(ServerProfile& profile, const QByteArray& key, const QString& keyId) {
    profile.keyId = keyId;
    m_keys.insert(profile.id, key);
    const auto kept = [this, id = profile.id](bool isKept) {
        ServerProfile* given = find(id);
        if (given == nullptr) {
            return;
        }
        given->hasKey = isKept;
        save();
        if (!isKept) {
            Q_EMIT keyNotKept(given->title());
        }
    };
    if (m_keyring != nullptr) {
        m_keyring->write(profile.id, key, this, kept);
    } else {
        QMetaObject::invokeMethod(
            this, [kept] { kept(false); }, Qt::QueuedConnection);
    }
    save();
}

}  // namespace easel::remote
