// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QList>
#include <QObject>
#include <QString>

#include <memory>
#include <optional>

#include "desktop/remote/connection_code.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_profile.h"
#include "desktop/remote/tunnel.h"
#include "shared/protocol/problem.h"

class QSettings;

namespace easel::remote {

class Keyring;
class ServerLink;

/// The servers that this computer knows, and the one that it is pointed at. Reads what a person types or
/// pastes, exchanges a code's ticket for a key, keeps keys in the keyring (without one, for as long as the
/// app runs) and everything else in the settings. Opens a tunnel to a server that needs one, and ends it when
/// it goes elsewhere. Owned by Studio; GUI thread.
class Servers : public QObject {
    Q_OBJECT

public:
    /// All outlive it. Without a keyring keys last as long as the app; without a maker of tunnels no machine
    /// on Google Cloud is reached.
    Servers(ServerLink& link, QSettings& settings, Keyring* keyring, TunnelMaker* tunnels,
            QObject* parent = nullptr);
    ~Servers() override;

    /// In the order in which they were met.
    const QList<ServerProfile>& all() const { return m_profiles; }
    /// The one that was chosen; none while nobody has chosen.
    const ServerProfile* current() const { return find(m_current); }
    /// Goes to the remembered server or, where there is none, to the one that a server here would have.
    void start();

    /// The computer has slept, or the network was another: a tunnel is opened anew. Before
    /// ServerLink::resume.
    void resume();

    /// What a person typed or pasted: an address, a code or a key. A code is exchanged first; `paired` or
    /// `pairingFailed` follows. Errors: it is none of these, or (a code) the server is known by another
    /// certificate, or (a key) there is no server to give it to, or (a machine on Google Cloud) it is not
    /// known.
    protocol::Expected<void> enter(const QString& typed);
    /// The server on this computer, wherever its port is now.
    protocol::Expected<void> useThisComputer(const QString& address);
    void use(const QString& id);
    /// An empty name leaves the address.
    void rename(const QString& id, const QString& name);
    /// With its key and its certificate. If it is the current one there is none afterwards.
    void forget(QString id);  // by value: it may be part of what goes
    /// The certificate that the current server has just shown is the right one. Only in CertificateUnknown.
    void trust();

    /// A code is being exchanged.
    bool isPairing() const { return m_code.has_value(); }

Q_SIGNALS:
    /// all(), current() or isPairing().
    void changed();
    void paired(const QString& title);
    void pairingFailed(const easel::protocol::Problem& problem);
    /// There is no keyring, or it did not take the key: it lasts as long as the app.
    void keyNotKept(const QString& title);

private:
    static tl::unexpected<protocol::Problem> refuse(const QString& title, const QString& detail);
    const ServerProfile* find(const QString& id) const;
    ServerProfile* find(const QString& id);
    /// A machine on Google Cloud is known by its place, everything else by its address.
    ServerProfile* known(const QUrl& url, const std::optional<protocol::GcpPlace>& gcp);
    ServerProfile& profileAt(const QUrl& url, const QString& address,
                             const std::optional<protocol::GcpPlace>& gcp = {});
    void takeOver();
    void choose(QString id);  // the same
    void connectTo(const ServerProfile& profile);
    static QString calledOf(const ServerProfile& profile);
    Endpoint endpointOf(const ServerProfile& profile) const;
    void readKey(const QString& id);
    void useTunnel(std::unique_ptr<Tunnel> tunnel);
    /// It may be telling us something right now.
    void discard(std::unique_ptr<Tunnel> tunnel) const;
    void closeTunnel();
    /// There may be both now, a tunnel and a key.
    void goThroughTunnel();
    protocol::Expected<void> pair(ConnectionCode code);
    void exchange(const QUrl& address);
    void pairThroughTunnel();
    void onPaired(protocol::Expected<PairedKey> key);
    void giveKey(ServerProfile& profile, const QByteArray& key, const QString& keyId);
    void learn();
    void save();

    ServerLink& m_link;
    QSettings& m_settings;
    Keyring* m_keyring;
    QList<ServerProfile> m_profiles;
    QString m_current;
    QHash<QString, QByteArray> m_keys;  ///< those that were read, or have no other place, by profile
    Remote m_visitor;                   ///< who exchanges tickets, at whatever server
    std::optional<ConnectionCode> m_code;
    TunnelMaker* m_tunnels;
    std::unique_ptr<Tunnel> m_tunnel;  ///< to the current server
    std::optional<protocol::GcpPlace> m_tunnelTo;
    int m_port = 0;                           ///< its near end; 0: it is not open
    bool m_isKeyAwaited = false;              ///< of the current server, from the keyring
    std::unique_ptr<Tunnel> m_pairingTunnel;  ///< to the one whose code is exchanged
};

}  // namespace easel::remote
