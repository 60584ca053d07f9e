// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/fingerprint.h"

#include <QCryptographicHash>
#include <QRegularExpression>
#include <QSslCertificate>

namespace easel::remote {

QByteArray fingerprintOf(const QSslCertificate& certificate) {
    return certificate.isNull() ? QByteArray() : certificate.digest(QCryptographicHash::Sha256).toHex();
}

std::optional<QByteArray> parseFingerprint(const QString& text) {
    static const QRegularExpression between(QStringLiteral("[\\s:]"));
    static const QRegularExpression digits(QStringLiteral("\\A[0-9a-f]{64}\\z"));
    const QString plain = QString(text).remove(between).toLower();
    return digits.match(plain).hasMatch() ? std::optional(plain.toLatin1()) : std::nullopt;
}

QString inGroups(const QByteArray& fingerprint) {
    constexpr qsizetype kGroup = 4;
    constexpr qsizetype kLine = 4 * kGroup;
    const QString digits = QString::fromLatin1(fingerprint).toUpper();
    QString groups;
    for (qsizetype at = 0; at < digits.size(); at += kGroup) {
        if (at > 0) {
            groups += at % kLine == 0 ? u'\n' : u' ';
        }
        groups += digits.mid(at, kGroup);
    }
    return groups;
}

}  // namespace easel::remote
