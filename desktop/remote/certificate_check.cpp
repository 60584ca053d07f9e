// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/certificate_check.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QUrl>
#include <QVariant>

#include "desktop/remote/fingerprint.h"

namespace easel::remote {

namespace {

constexpr char kVerdict[] = "easelVerdict";

}  // namespace

void CertificateCheck::watch(QNetworkAccessManager& manager) {
    // Qt's network thread waits for both, and sends nothing before they have returned.
    connect(&manager, &QNetworkAccessManager::sslErrors, this, &CertificateCheck::onErrors,
            Qt::DirectConnection);
    connect(&manager, &QNetworkAccessManager::encrypted, this, &CertificateCheck::onEncrypted,
            Qt::DirectConnection);
}

void CertificateCheck::expect(const QByteArray& fingerprint) {
    m_expected = fingerprint;
    m_presented.reset();
    m_accepted.clear();
}

bool CertificateCheck::isTrustedAnyway() const {
    return !m_accepted.isEmpty() && QSslCertificate::verify(m_accepted, m_host).isEmpty();
}

QSslConfiguration CertificateCheck::configuration() const {
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    // A session that is taken up again shows no certificate.
    configuration.setSslOption(QSsl::SslOptionDisableSessionTickets, true);
    configuration.setSslOption(QSsl::SslOptionDisableSessionSharing, true);
    if (!m_expected.isEmpty()) {
        // With nobody to vouch for it no certificate passes unseen, whoever has signed it.
        configuration.setCaCertificates({});
    }
    return configuration;
}

CertificateCheck::Verdict CertificateCheck::verdictOf(const QNetworkReply& reply) {
    return static_cast<Verdict>(reply.property(kVerdict).toInt());
}

void CertificateCheck::onErrors(QNetworkReply* reply, const QList<QSslError>& errors) {
    const QByteArray fingerprint = fingerprintOf(reply->sslConfiguration().peerCertificate());
    const QString why = errors.isEmpty() ? QString() : errors.first().errorString();
    if (m_expected.isEmpty()) {
        turnAway(reply, Verdict::Unknown, fingerprint, why);
    } else if (fingerprint != m_expected) {
        turnAway(reply, Verdict::Changed, fingerprint, why);
    } else {
        m_accepted = reply->sslConfiguration().peerCertificateChain();
        m_host = reply->url().host();
        reply->ignoreSslErrors(errors);
    }
}

void CertificateCheck::onEncrypted(QNetworkReply* reply) {
    const QByteArray fingerprint = fingerprintOf(reply->sslConfiguration().peerCertificate());
    if (!m_expected.isEmpty() && fingerprint != m_expected) {
        turnAway(reply, Verdict::Changed, fingerprint, {});
        reply->abort();
    }
}

void CertificateCheck::turnAway(QNetworkReply* reply, Verdict verdict, const QByteArray& fingerprint,
                                const QString& why) {
    m_presented = Presented{fingerprint, why};
    reply->setProperty(kVerdict, static_cast<int>(verdict));
}

}  // namespace easel::remote
