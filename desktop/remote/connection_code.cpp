// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/connection_code.h"

#include <QObject>
#include <QRegularExpression>
#include <QUrlQuery>

#include "desktop/remote/address.h"
#include "desktop/remote/fingerprint.h"
#include "desktop/remote/remote.h"

namespace easel::remote {

namespace {

const QString kScheme = QStringLiteral("easel://");
constexpr qsizetype kLongestName = 80;

tl::unexpected<protocol::Problem> refuse(const QString& detail) {
    return tl::unexpected(protocol::Problem{0, kInvalidAddress,
                                            QObject::tr("This code can't be used").toStdString(),
                                            detail.toStdString(), "address"});
}

QString askForAnother() {
    return QObject::tr("Copy the whole of it, or make another with “easel-server pair”.");
}

/// One line, without what would turn the text around it.
QString printable(const QString& name) {
    QString line;
    for (const QChar letter : name.simplified()) {
        if (letter.isPrint()) {
            line += letter;
        }
    }
    return line.left(kLongestName);
}

/// The rest of a link that names an address, for parseAddress.
QString addressIn(const QUrl& link, bool secure) {
    QUrl address;
    address.setScheme(secure ? QStringLiteral("https") : QStringLiteral("http"));
    address.setAuthority(link.authority(QUrl::FullyEncoded), QUrl::TolerantMode);
    address.setPath(link.path(QUrl::FullyEncoded), QUrl::TolerantMode);
    return address.toString(QUrl::FullyEncoded);
}

}  // namespace

bool looksLikeCode(const QString& typed) {
    return typed.trimmed().startsWith(QLatin1String("easel:"), Qt::CaseInsensitive);
}

protocol::Expected<ConnectionCode> parseCode(const QString& typed) {
    static const QRegularExpression gaps(QStringLiteral("\\s"));
    const QString text = QString(typed).remove(gaps);
    const QUrl link(text, QUrl::StrictMode);
    if (!text.startsWith(kScheme, Qt::CaseInsensitive) || !link.isValid() || link.host().isEmpty()) {
        return refuse(
            QObject::tr("The code is not complete: it begins with easel:// and the server's address. "
                        "%1")
                .arg(askForAnother()));
    }
    const QUrlQuery query(link);
    const auto part = [&](const char* name) {
        return query.queryItemValue(QLatin1String(name), QUrl::FullyDecoded);
    };
    ConnectionCode code;
    static const QRegularExpression ticket(QStringLiteral("\\A[A-Za-z0-9_-]{8,512}=*\\z"));
    if (!ticket.match(part("ticket")).hasMatch()) {
        return refuse(
            QObject::tr("The code holds no ticket, or only a part of one. %1").arg(askForAnother()));
    }
    code.ticket = part("ticket").toLatin1();
    if (query.hasQueryItem(QStringLiteral("fingerprint"))) {
        const auto fingerprint = parseFingerprint(part("fingerprint"));
        if (!fingerprint) {
            return refuse(QObject::tr("The fingerprint in the code is not complete: it has 64 digits. %1")
                              .arg(askForAnother()));
        }
        code.fingerprint = *fingerprint;
    }
    auto address = parseAddress(addressIn(link, !code.fingerprint.isEmpty() || part("tls") == u"1"));
    if (!address) {
        return tl::unexpected(std::move(address.error()));
    }
    code.address = std::move(*address);
    if (query.hasQueryItem(QStringLiteral("gcp"))) {
        auto place = protocol::parseGcpPlace(part("gcp").toStdString());
        if (!place) {
            return refuse(QObject::tr("The code does not say which machine on Google Cloud it is for. %1")
                              .arg(askForAnother()));
        }
        if (code.fingerprint.isEmpty()) {
            return refuse(
                QObject::tr("The code is for a machine on Google Cloud and names no certificate, by "
                            "which it would be known at the end of a tunnel. %1")
                    .arg(askForAnother()));
        }
        code.gcp = std::move(*place);
    }
    code.name = printable(part("name"));
    return code;
}

bool looksLikeKey(const QString& typed) {
    return typed.trimmed().startsWith(QLatin1String("easel_"));
}

QByteArray parseKey(const QString& typed) {
    static const QRegularExpression key(QStringLiteral("\\Aeasel_[A-Za-z0-9_-]{16,512}\\z"));
    const QString text = typed.trimmed();
    return key.match(text).hasMatch() ? text.toLatin1() : QByteArray();
}

}  // namespace easel::remote
