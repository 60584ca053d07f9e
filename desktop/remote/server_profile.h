// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QUrl>

#include <optional>
#include <string>

#include "shared/protocol/gcp_place.h"

namespace easel::remote {

/// A server that the app remembers. Its key is not in it: that stands in the keyring, under `id`.
struct ServerProfile {
    QString id;              ///< the app's own, and the key's place
    QString name;            ///< as the person calls it; empty: its address will do
    QString address;         ///< as it was typed or paired; parseAddress reads it
    QByteArray fingerprint;  ///< of the only certificate that will do; empty: one that the system trusts
    QString keyId;           ///< tells one key from another, and is no secret; empty: there is none
    bool hasKey = false;     ///< the keyring has one
    bool isLocal = false;    ///< the server on this computer, whose port may be another each time
    bool wasThere = false;   ///< it has answered once
    std::string serverId;    ///< as it said; empty: it has not
    /// The machine on Google Cloud that it is on. A tunnel leads there, whose near end `address` is, at
    /// another port each time.
    std::optional<protocol::GcpPlace> gcp = {};

    QUrl url() const;
    /// Its name or, without one, its machine's or the short form of its address.
    QString title() const;
    /// What a person could type to come here: its address or, of a machine on Google Cloud, "gcp:" and its
    /// place.
    QString typed() const;

    bool operator==(const ServerProfile&) const = default;
};

/// "gcp:…": meant as ServerProfile::typed of a machine.
bool looksLikeMachine(const QString& typed);
/// A server on this computer's side of a tunnel; its certificate is known to be another's.
QString nearEnd(int port);

QByteArray toJson(const QList<ServerProfile>& profiles);
/// What makes no sense in it is left out.
QList<ServerProfile> profilesFrom(const QByteArray& json);

}  // namespace easel::remote
