// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>
#include <QUrl>

#include <optional>

#include "shared/protocol/gcp_place.h"
#include "shared/protocol/problem.h"

namespace easel::remote {

/// What `easel-server pair` prints, as a link that opens the app or as a code to paste: where a server is,
/// who it is, and a ticket that is good for one key.
struct ConnectionCode {
    QUrl address;
    QByteArray ticket;
    QByteArray fingerprint;  ///< empty: the code names no certificate
    QString name;            ///< empty: the server has none
    /// The machine on Google Cloud that it is on: it is reached through a tunnel, so `address` is only what
    /// the server is called at its end.
    std::optional<protocol::GcpPlace> gcp = {};

    bool operator==(const ConnectionCode&) const = default;
};

/// "easel://…": to be read as a code, right or wrong.
bool looksLikeCode(const QString& typed);

/// Reads easel://HOST[:PORT][/PATH]?ticket=…[&fingerprint=…][&name=…][&tls=1][&gcp=PROJECT/ZONE/NAME]; line
/// breaks and spaces that a terminal or a letter has put into it are no part of it. What it does not know in
/// it is left alone. Errors: kInvalidAddress with what is wrong; the ticket is never in it.
protocol::Expected<ConnectionCode> parseCode(const QString& typed);

/// A key as it stands, "easel_…": the other thing that a person can paste.
bool looksLikeKey(const QString& typed);
/// Empty when it is no key: one is "easel_" and at least 16 letters, digits, "-" and "_".
QByteArray parseKey(const QString& typed);

}  // namespace easel::remote
