// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>
#include <QUrl>

namespace easel::remote {

/// Where a server is, who it must be, and what lets this computer in. A value.
struct Endpoint {
    QUrl address;            ///< from parseAddress
    QByteArray fingerprint;  ///< the only certificate that will do; empty: one that the system trusts
    QByteArray key;          ///< empty: none is sent
    QString name;            ///< as the person calls it; empty: its address will do

    bool operator==(const Endpoint&) const = default;
};

}  // namespace easel::remote
