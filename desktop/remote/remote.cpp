// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/remote.h"

#include <QNetworkReply>
#include <QNetworkRequest>
#include <QPointer>

#include <memory>

#include "desktop/remote/network_problem.h"
#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"

namespace easel::remote {

namespace routes = protocol::routes;

namespace {

// Sixteen times the largest picture that a server makes today; more is no answer but an accident.
constexpr qint64 kMaxAnswerBytes = 256LL * 1024 * 1024;

std::string_view view(const QByteArray& bytes) {
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

}  // namespace

bool isPassing(const protocol::Problem& problem) {
    switch (problem.status) {
        case 0:
            return problem.code == kUnreachable || problem.code == kTimedOut || problem.code == kAborted;
        case 429:
        case 502:
        case 503:
        case 504:
            return true;
        default:
            return false;
    }
}

Remote::Remote(QObject* parent) : QObject(parent) {}

Remote::~Remote() = default;

void Remote::setAddress(const QUrl& base) {
    if (base == m_base) {
        return;
    }
    m_base = base;
    for (QNetworkAccessManager* manager : {&m_network, &m_streams}) {
        for (QNetworkReply* reply : manager->findChildren<QNetworkReply*>()) {
            if (reply->isRunning()) {
                reply->abort();
            }
        }
    }
    Q_EMIT addressChanged();
}

void Remote::server(QObject* context, Callback<protocol::ServerInfo> done) {
    deliverParsed(m_network.get(requestFor(routes::kServer)), context, &protocol::parseServerInfo,
                  std::move(done));
}

void Remote::models(const std::optional<std::string>& after, QObject* context,
                    Callback<protocol::ModelPage> done) {
    QNetworkRequest get = requestFor(routes::kModels);
    if (after) {
        QUrl url = get.url();
        url.setQuery("after=" + QUrl::toPercentEncoding(QString::fromStdString(*after)));
        get.setUrl(url);
    }
    deliverParsed(m_network.get(get), context, &protocol::parseModelPage, std::move(done));
}

void Remote::createJob(const protocol::GenerationRequest& request, const QString& idempotencyKey,
                       QObject* context, Callback<protocol::Job> done) {
    QNetworkRequest post = requestFor(routes::kJobs);
    post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
    post.setRawHeader("Idempotency-Key", idempotencyKey.toLatin1());
    deliverParsed(m_network.post(post, QByteArray::fromStdString(protocol::toJson(request))), context,
                  &protocol::parseJob, std::move(done));
}

void Remote::cancelJob(const std::string& id, QObject* context, Callback<protocol::Job> done) {
    deliverParsed(m_network.post(requestFor(routes::jobCancel(id)), QByteArray()), context,
                  &protocol::parseJob, std::move(done));
}

void Remote::image(const std::string& id, int index, QObject* context, Callback<QByteArray> done,
                   Progress progress) {
    QNetworkReply* reply = m_network.get(requestFor(routes::jobImage(id, index)));
    if (progress) {
        connect(reply, &QNetworkReply::downloadProgress, context, std::move(progress));
    }
    deliver(reply, context, std::move(done));
}

QNetworkReply* Remote::openEvents(const std::string& id, std::optional<std::uint64_t> lastEventId) {
    QNetworkRequest get = requestFor(routes::jobEvents(id));
    get.setRawHeader("Accept", "text/event-stream");
    get.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    get.setTransferTimeout(0);  // the follower watches the heartbeats
    if (lastEventId) {
        get.setRawHeader("Last-Event-ID", QByteArray::number(static_cast<qulonglong>(*lastEventId)));
    }
    return m_streams.get(get);
}

QNetworkRequest Remote::requestFor(std::string_view path) const {
    QUrl url = m_base;
    url.setPath(m_base.path() + QString::fromUtf8(path.data(), static_cast<qsizetype>(path.size())));
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setTransferTimeout(static_cast<int>(m_timeout.count()));
    request.setRawHeader("User-Agent", "Easel/" EASEL_VERSION);
    return request;
}

void Remote::deliver(QNetworkReply* reply, QObject* context, Callback<QByteArray> done) {
    const auto tooMuch = std::make_shared<bool>(false);
    connect(reply, &QNetworkReply::downloadProgress, reply, [reply, tooMuch](qint64 received, qint64) {
        if (*tooMuch || received <= kMaxAnswerBytes) {
            return;
        }
        *tooMuch = true;
        reply->abort();
    });
    const auto finish = [=, this, base = m_base, guard = QPointer<QObject>(context), done = std::move(done)] {
        reply->deleteLater();
        // An aborted reply is closed already.
        const QByteArray body = reply->isOpen() ? reply->readAll() : QByteArray();
        protocol::Expected<QByteArray> result = body;
        if (base != m_base) {
            result = tl::unexpected(interrupted());
        } else if (*tooMuch) {
            result = tl::unexpected(notEasel(reply->url(), tr("it sends more than any picture holds")));
        } else if (auto problem = problemOf(*reply, body)) {
            result = tl::unexpected(std::move(*problem));
        }
        if (guard) {
            QMetaObject::invokeMethod(
                guard, [done, result] { done(result); }, Qt::QueuedConnection);
        }
    };
    connect(reply, &QNetworkReply::finished, this, finish);
}

template <typename T>
void Remote::deliverParsed(QNetworkReply* reply, QObject* context,
                           protocol::Expected<T> (*parse)(std::string_view), Callback<T> done) {
    const QUrl url = reply->url();
    deliver(reply, context, [url, parse, done = std::move(done)](const protocol::Expected<QByteArray>& body) {
        if (!body) {
            return done(tl::unexpected(body.error()));
        }
        auto value = parse(view(*body));
        if (!value) {
            return done(tl::unexpected(notEasel(url, QString::fromStdString(value.error().detail))));
        }
        done(std::move(value));
    });
}

}  // namespace easel::remote
