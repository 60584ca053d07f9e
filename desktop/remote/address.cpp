// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/address.h"

#include <QObject>

#include "desktop/remote/remote.h"
#include "shared/protocol/routes.h"

namespace easel::remote {

namespace {

constexpr int kHttpsPort = 443;

tl::unexpected<protocol::Problem> refuse(const QString& detail) {
    return tl::unexpected(protocol::Problem{0, kInvalidAddress,
                                            QObject::tr("This is no address of a server").toStdString(),
                                            detail.toStdString(), "address"});
}

int defaultPort(const QString& scheme) {
    return scheme == QLatin1String("https") ? kHttpsPort : protocol::routes::kDefaultPort;
}

/// "::1" → "[::1]": a bare IPv6 address can't carry a port, so its colons are all its own.
QString withBrackets(const QString& host) {
    const bool bareIpv6 = host.count(':') >= 2 && !host.startsWith('[');
    return bareIpv6 ? '[' + host + ']' : host;
}

}  // namespace

protocol::Expected<QUrl> parseAddress(const QString& typed) {
    const QString text = typed.trimmed();
    if (text.isEmpty()) {
        return refuse(
            QObject::tr("Type the server's name or address, for example gpu-box or 10.0.0.4:5000."));
    }

    const bool hasScheme = text.contains(QLatin1String("://"));
    QUrl url(hasScheme ? text : "http://" + withBrackets(text), QUrl::StrictMode);
    const QString scheme = url.scheme();
    if (hasScheme && !scheme.isEmpty() && scheme != QLatin1String("http") &&
        scheme != QLatin1String("https")) {
        return refuse(QObject::tr("Easel speaks http and https, not %1. Leave “%1://” out.").arg(scheme));
    }
    if (!url.isValid() || url.host().isEmpty()) {
        return refuse(QObject::tr("“%1” can't be read as an address. Type it like gpu-box, 10.0.0.4:5000 or "
                                  "https://easel.example.org.")
                          .arg(text));
    }
    if (!url.userInfo().isEmpty()) {
        return refuse(QObject::tr("Leave the name and password before the @ out of the address."));
    }

    if (url.port() < 0) {
        url.setPort(defaultPort(scheme));
    }
    url.setQuery(QString());
    url.setFragment(QString());
    QString path = url.path();
    while (path.endsWith('/')) {
        path.chop(1);
    }
    url.setPath(path);
    return url;
}

QString displayName(const QUrl& address) {
    QString host = address.host();
    if (address.port(defaultPort(address.scheme())) == defaultPort(address.scheme())) {
        return host;
    }
    return QStringLiteral("%1:%2").arg(withBrackets(host)).arg(address.port());
}

}  // namespace easel::remote
