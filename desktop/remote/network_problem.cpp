// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/network_problem.h"

#include <QNetworkReply>
#include <QUrl>

#include "desktop/remote/address.h"
#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"

namespace easel::remote {

namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

protocol::Problem make(const char* code, const QString& title, const QString& detail, int status = 0) {
    return {status, code, title.toStdString(), detail.toStdString(), std::nullopt};
}

protocol::Problem unreachable(const QString& detail) {
    return make(kUnreachable, QObject::tr("The server can't be reached"), detail);
}

/// The server at `url` speaks the other one of http and https: says what to type instead.
protocol::Problem otherScheme(const QUrl& url) {
    const bool secure = url.scheme() == QLatin1String("https");
    const QString spoken = secure ? QStringLiteral("http") : QStringLiteral("https");
    QUrl right;
    right.setScheme(spoken);
    right.setHost(url.host());
    right.setPort(url.port(secure ? kHttpsPort : kHttpPort));
    return make(kOtherScheme, QObject::tr("The server speaks %1").arg(spoken),
                QObject::tr("%1 speaks %2, not %3. Type %4 as the address.")
                    .arg(displayName(url), spoken, url.scheme(), right.toString()));
}

/// OpenSSL's words for an answer that is no TLS at all.
bool isPlainAnswer(const QString& sslError) {
    for (const char* words :
         {"wrong version number", "unknown protocol", "http request", "packet length too long"}) {
        if (sslError.contains(QLatin1String(words))) {
            return true;
        }
    }
    return false;
}

/// Its certificate was turned away before anything was sent.
std::optional<protocol::Problem> certificateProblem(const QNetworkReply& reply) {
    const QString name = displayName(reply.url());
    switch (CertificateCheck::verdictOf(reply)) {
        case CertificateCheck::Verdict::Good:
            return std::nullopt;
        case CertificateCheck::Verdict::Unknown:
            return make(
                kCertificateUnknown, QObject::tr("Certificate unknown"),
                QObject::tr("This computer does not know the certificate of %1. Compare the fingerprint "
                            "with the one that the server shows. Nothing was sent.")
                    .arg(name));
        case CertificateCheck::Verdict::Changed:
            break;
    }
    return make(kCertificateChanged, QObject::tr("Certificate changed"),
                QObject::tr("%1 shows another certificate than before. Somebody may be listening between you "
                            "and it, or it was set up anew. Nothing was sent. If you know why, forget the "
                            "server and pair with it again.")
                    .arg(name));
}

/// No HTTP answer came: says why, and what a person can do.
protocol::Problem transportProblem(const QNetworkReply& reply) {
    if (auto problem = certificateProblem(reply)) {
        return *problem;
    }
    const QString name = displayName(reply.url());
    const QString where =
        QObject::tr("%1 (port %2)").arg(reply.url().host()).arg(reply.url().port(kHttpsPort));
    switch (reply.error()) {
        case QNetworkReply::ConnectionRefusedError:
            return unreachable(QObject::tr("Nothing listens at %1. Start easel-server there, or check the "
                                           "address and the port.")
                                   .arg(where));
        case QNetworkReply::HostNotFoundError:
            return unreachable(QObject::tr("No computer named “%1” was found. Check the spelling, and that "
                                           "this computer is online.")
                                   .arg(reply.url().host()));
        case QNetworkReply::OperationCanceledError:  // Qt's answer to a transfer timeout
        case QNetworkReply::TimeoutError:
            return make(kTimedOut, QObject::tr("The server does not answer"),
                        QObject::tr("%1 did not answer in time. It may be starting, very busy, or behind a "
                                    "firewall that drops the connection.")
                            .arg(where));
        case QNetworkReply::RemoteHostClosedError:
            // A server that waits for TLS hangs up, too.
            return unreachable(
                QObject::tr(
                    "%1 closed the connection without a whole answer. If it speaks https, put https:// "
                    "before the address.")
                    .arg(name));
        case QNetworkReply::SslHandshakeFailedError:
            if (isPlainAnswer(reply.errorString())) {
                return otherScheme(reply.url());
            }
            return make(kNotTrusted, QObject::tr("The server's certificate is not trusted"),
                        QObject::tr("No secure connection to %1: %2 Check that the address is right and that "
                                    "the server speaks https.")
                            .arg(name, reply.errorString()));
        case QNetworkReply::ProtocolFailure:
        case QNetworkReply::ProtocolUnknownError:
        case QNetworkReply::ProtocolInvalidOperationError:
            return notEasel(reply.url(), QObject::tr("its answer is not HTTP"));
        default:
            return unreachable(
                QObject::tr("No connection to %1: %2. Check the network.").arg(name, reply.errorString()));
    }
}

/// An HTTP status that is no success, from a server that did not explain itself.
protocol::Problem bareStatus(const QNetworkReply& reply, int status) {
    const QString name = displayName(reply.url());
    if (status >= 300 && status < 400) {
        const QString target = reply.header(QNetworkRequest::LocationHeader).toUrl().toDisplayString();
        return notEasel(
            reply.url(),
            QObject::tr("it points to %1 instead; enter that address if you trust it").arg(target));
    }
    switch (status) {
        case 401:
        case 403:
            return make("no_access", QObject::tr("No access"),
                        QObject::tr("%1 does not let this computer in.").arg(name), status);
        case 429:
            return make("busy", QObject::tr("The server is busy"),
                        QObject::tr("%1 takes no more requests for now. Try again later.").arg(name), status);
        case 502:
        case 503:
        case 504:
            return make(
                "unavailable", QObject::tr("The server is not available"),
                QObject::tr("%1 answers, but Easel behind it does not (status %2). It may be starting.")
                    .arg(name)
                    .arg(status),
                status);
        default:
            return notEasel(reply.url(), QObject::tr("it answered with status %1").arg(status));
    }
}

}  // namespace

protocol::Problem notEasel(const QUrl& address, const QString& how) {
    return make(kNotEasel, QObject::tr("Not an Easel server"),
                QObject::tr("Something answers at %1, but not as an Easel server does: %2. Check the address "
                            "and the port.")
                    .arg(displayName(address), how));
}

protocol::Problem interrupted() {
    return make(kAborted, QObject::tr("Interrupted"),
                QObject::tr("Another server was chosen before this one had answered."));
}

protocol::Problem brokenOff(const QUrl& address) {
    return make(kUnreachable, QObject::tr("The picture was cut off"),
                QObject::tr("%1 does not go on from where it was. The whole of it is asked for again.")
                    .arg(displayName(address)));
}

std::optional<protocol::Problem> problemOf(const QNetworkReply& reply, const QByteArray& body) {
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    // An answer that broke off has a status too, but only part of its body.
    const bool complete = reply.error() == QNetworkReply::NoError || status >= 300;
    if (status == 0 || !complete) {
        return transportProblem(reply);
    }
    if (status >= 200 && status < 300) {
        return std::nullopt;
    }

    // What nginx, Apache and Go say on the port that they keep for TLS.
    const bool wantsTls =
        status == 400 && reply.url().scheme() == QLatin1String("http") && body.toLower().contains("https");
    protocol::Problem problem = wantsTls ? otherScheme(reply.url()) : bareStatus(reply, status);
    if (reply.header(QNetworkRequest::ContentTypeHeader).toString().startsWith("application/problem+json")) {
        if (auto told = protocol::parseProblem({body.constData(), static_cast<std::size_t>(body.size())})) {
            problem = std::move(*told);
            problem.status = status;
        }
    }
    bool isNumber = false;
    const int seconds = reply.rawHeader("Retry-After").toInt(&isNumber);
    if (isNumber && seconds >= 0) {
        problem.retryAfter = seconds;
    }
    return problem;
}

}  // namespace easel::remote
