// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QList>
#include <QObject>
#include <QString>

#include <optional>

#include "desktop/remote/connection_code.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_profile.h"
#include "shared/protocol/problem.h"

class QSettings;

namespace easel::remote {

class Keyring;
class ServerLink;

/// The servers that this computer knows, and the one that it is pointed at. Reads what a person types or
/// pastes, exchanges a code's ticket for a key, keeps keys in the keyring (without one, for as long as the
/// app runs) and everything else in the settings. Owned by Studio; GUI thread.
class Servers : public QObject {
    Q_OBJECT

public:
    /// All outlive it. Without a keyring keys last as long as the app.
    Servers(ServerLink& link, QSettings& settings, Keyring* keyring, QObject* parent = nullptr);
    ~Servers() override;

    /// In the order in which they were met.
    const QList<ServerProfile>& all() const { return m_profiles; }
    /// The one that was chosen; none while nobody has chosen.
    const ServerProfile* current() const { return find(m_current); }
    /// Goes to the remembered server or, where there is none, to the one that a server here would have.
    void start();

    /// What a person typed or pasted: an address, a code or a key. A code is exchanged first; `paired` or
    /// `pairingFailed` follows. Errors: it is none of these, or (a code) the server is known by another
    /// certificate, or (a key) there is no server to give it to.
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
    const ServerProfile* find(const QString& id) const;
    ServerProfile* find(const QString& id);
    ServerProfile& profileAt(const QUrl& url, const QString& address);
    void takeOver();
    void choose(QString id);  // the same
    void connectTo(const ServerProfile& profile);
    protocol::Expected<void> pair(ConnectionCode code);
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
};

}  // namespace easel::remote
