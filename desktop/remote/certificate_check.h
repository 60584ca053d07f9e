// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>
#include <QObject>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QSslError>
#include <QString>

#include <optional>

class QNetworkAccessManager;
class QNetworkReply;

namespace easel::remote {

/// Decides, while a connection is being made and before anything is sent on it, whether the other side is who
/// it must be: the owner of one certificate, or, where none is named, of one that the system trusts. Owned by
/// Remote; GUI thread.
class CertificateCheck : public QObject {
    Q_OBJECT

public:
    enum class Verdict {
        Good,
        Unknown,  ///< none was named, and the system does not trust this one
        Changed,  ///< another one was named
    };

    /// A certificate that was turned away.
    struct Presented {
        QByteArray fingerprint;
        QString why;  ///< the system's own sentence
    };

    explicit CertificateCheck(QObject* parent = nullptr) : QObject(parent) {}

    /// From now on this manager's connections are held to it.
    void watch(QNetworkAccessManager& manager);
    /// The one certificate that will do; empty: any that the system trusts. Forgets what was presented.
    void expect(const QByteArray& fingerprint);
    const QByteArray& expected() const { return m_expected; }
    /// What requests have to be made with, so that every connection comes to the check.
    QSslConfiguration configuration() const;

    /// The last that was turned away.
    const std::optional<Presented>& presented() const { return m_presented; }
    /// The system, too, trusts the expected certificate that was shown last.
    bool isTrustedAnyway() const;
    /// Why a reply ended.
    static Verdict verdictOf(const QNetworkReply& reply);

private:
    void onErrors(QNetworkReply* reply, const QList<QSslError>& errors);
    void onEncrypted(QNetworkReply* reply);
    void turnAway(QNetworkReply* reply, Verdict verdict, const QByteArray& fingerprint, const QString& why);

    QByteArray m_expected;
    std::optional<Presented> m_presented;
    QList<QSslCertificate> m_accepted;  ///< with those that signed it
    QString m_host;
};

}  // namespace easel::remote
