// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>

#include <optional>

class QSslCertificate;

/// A certificate's fingerprint: the SHA-256 of its DER form, as 64 lower-case hex digits.
namespace easel::remote {

QByteArray fingerprintOf(const QSslCertificate& certificate);

/// Reads it as people and programs write it: in either case, with colons, spaces or line breaks between.
/// Nothing when it is not 64 hex digits.
std::optional<QByteArray> parseFingerprint(const QString& text);

/// For comparing by eye: "3F2A 91C0 …", four groups to each of four lines.
QString inGroups(const QByteArray& fingerprint);

}  // namespace easel::remote
