// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/remote.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QPointer>

#include <memory>

#include "desktop/remote/connection_code.h"
#include "desktop/remote/network_problem.h"
#include "desktop/remote/partial_image.h"
#include "shared/protocol/json.h"
#include "shared/protocol/log_lines.h"
#include "shared/protocol/routes.h"

namespace easel::remote {

namespace routes = protocol::routes;

namespace {

// Sixteen times the largest picture that a server makes today; more is no answer but an accident.
constexpr qint64 kMaxAnswerBytes = 256LL * 1024 * 1024;

constexpr char kPairPath[] = "/v1/pair";

std::string_view view(const QByteArray& bytes) {
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

/// Errors: what came is no key. They do not quote it.
protocol::Expected<PairedKey> parsePairedKey(std::string_view json) {
    const QJsonObject object =
        QJsonDocument::fromJson(QByteArray(json.data(), static_cast<qsizetype>(json.size()))).object();
    PairedKey paired{parseKey(object["key"].toString()), object["id"].toString(), object["name"].toString()};
    if (paired.key.isEmpty()) {
        return tl::unexpected(protocol::malformed(QObject::tr("it sent no key").toStdString()));
    }
    return paired;
}

void addField(QNetworkRequest& request, const QByteArray& name, const QString& value) {
    QUrl url = request.url();
    url.setQuery(url.query(QUrl::FullyEncoded) + (url.hasQuery() ? "&" : "") + name + '=' +
                 QUrl::toPercentEncoding(value));
    request.setUrl(url);
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

bool isLockedOut(const protocol::Problem& problem) {
    return problem.status == 401 || problem.code == kCertificateUnknown ||
           problem.code == kCertificateChanged;
}

Remote::Remote(QObject* parent) : QObject(parent) {
    m_check.watch(m_network);
    m_check.watch(m_streams);
}

Remote::~Remote() = default;

void Remote::setEndpoint(const Endpoint& endpoint) {
    if (endpoint == m_endpoint) {
        return;
    }
    const bool wasSecure = m_endpoint.address.scheme() == QLatin1String("https");
    m_endpoint = endpoint;
    m_check.expect(endpoint.fingerprint);
    ++m_epoch;
    abortAll();
    if (wasSecure) {
        // What was open may have been made under another certificate.
        m_network.clearConnectionCache();
        m_streams.clearConnectionCache();
    }
    Q_EMIT addressChanged();
}

void Remote::dropConnections() {
    abortAll();
    m_network.clearConnectionCache();
    m_streams.clearConnectionCache();
}

void Remote::abortAll() {
    for (QNetworkAccessManager* manager : {&m_network, &m_streams}) {
        for (QNetworkReply* reply : manager->findChildren<QNetworkReply*>()) {
            if (reply->isRunning()) {
                reply->abort();
            }
        }
    }
}

void Remote::server(QObject* context, Callback<protocol::ServerInfo> done) {
    deliverParsed(m_network.get(requestFor(routes::kServer)), context, &protocol::parseServerInfo,
                  std::move(done));
}

void Remote::models(const std::optional<std::string>& after, QObject* context,
                    Callback<protocol::ModelPage> done) {
    QNetworkRequest get = requestFor(routes::kModels);
    if (after) {
        addField(get, "after", QString::fromStdString(*after));
    }
    deliverParsed(m_network.get(get), context, &protocol::parseModelPage, std::move(done));
}

void Remote::addons(QObject* context, Callback<std::vector<protocol::AddonInfo>> done) {
    deliverParsed(m_network.get(requestFor(routes::kAddons)), context, &protocol::parseAddons,
                  std::move(done));
}

void Remote::putInput(const QByteArray& file, QObject* context, Callback<protocol::InputInfo> done,
                      const Progress& progress) {
    QNetworkRequest post = requestFor(routes::kInputs);
    post.setHeader(QNetworkRequest::ContentTypeHeader, "application/octet-stream");
    QNetworkReply* reply = m_network.post(post, file);
    if (progress) {
        connect(reply, &QNetworkReply::uploadProgress, context, progress);
    }
    deliverParsed(reply, context, &protocol::parseInput, std::move(done));
}

void Remote::log(QObject* context, Callback<std::vector<std::string>> done) {
    deliverParsed(m_network.get(requestFor(routes::kLog)), context, &protocol::parseLogLines,
                  std::move(done));
}

void Remote::pulls(QObject* context, Callback<std::vector<protocol::PullInfo>> done) {
    deliverParsed(m_network.get(requestFor(routes::kPulls)), context, &protocol::parsePulls, std::move(done));
}

void Remote::pull(const protocol::PullRequest& request, QObject* context, Callback<protocol::PullInfo> done) {
    QNetworkRequest post = requestFor(routes::kPulls);
    post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
    deliverParsed(m_network.post(post, QByteArray::fromStdString(protocol::toJson(request))), context,
                  &protocol::parsePull, std::move(done));
}

void Remote::cancelPull(const std::string& id, QObject* context, Callback<protocol::PullInfo> done) {
    deliverParsed(m_network.post(requestFor(routes::pullCancel(id)), QByteArray()), context,
                  &protocol::parsePull, std::move(done));
}

void Remote::verifyModel(const std::string& id, QObject* context, Callback<protocol::PullInfo> done) {
    deliverParsed(m_network.post(requestFor(routes::modelVerify(id)), QByteArray()), context,
                  &protocol::parsePull, std::move(done));
}

void Remote::removeModel(const std::string& id, QObject* context, Callback<QByteArray> done) {
    deliver(m_network.deleteResource(requestFor(routes::model(id))), context, std::move(done));
}

void Remote::searchHub(const QString& words, QObject* context, Callback<std::vector<protocol::HubHit>> done) {
    QNetworkRequest get = requestFor(routes::kHub);
    addField(get, "search", words);
    deliverParsed(m_network.get(get), context, &protocol::parseHubHits, std::move(done));
}

void Remote::lookUpOnHub(const std::string& id, QObject* context, Callback<protocol::HubModel> done) {
    deliverParsed(m_network.get(requestFor(routes::hubModel(id))), context, &protocol::parseHubModel,
                  std::move(done));
}

void Remote::countTokens(const protocol::TokenQuestion& question, QObject* context,
                         Callback<protocol::TokenCount> done) {
    QNetworkRequest post = requestFor(routes::kTokens);
    post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
    deliverParsed(m_network.post(post, QByteArray::fromStdString(protocol::toJson(question))), context,
                  &protocol::parseTokenCount, std::move(done));
}

void Remote::pair(const QByteArray& ticket, const QString& name, QObject* context, Callback<PairedKey> done) {
    QNetworkRequest post = requestFor(kPairPath);
    post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
    const QJsonObject body{{"ticket", QString::fromLatin1(ticket)}, {"name", name}};
    deliverParsed(m_network.post(post, QJsonDocument(body).toJson(QJsonDocument::Compact)), context,
                  &parsePairedKey, std::move(done));
}

void Remote::createJob(const protocol::GenerationRequest& request, const QString& idempotencyKey,
                       QObject* context, Callback<protocol::Job> done) {
    QNetworkRequest post = requestFor(routes::kJobs);
    if (request.model && protocol::isHubName(*request.model)) {
        addField(post, "missing", QStringLiteral("hold"));  // for a model that is not there (any more)
    }
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
                   Progress progress, std::shared_ptr<PartialImage> part) {
    if (!part) {
        part = std::make_shared<PartialImage>();
    }
    m_images.push_back({id, index, context, std::move(done), std::move(progress), std::move(part), m_epoch});
    startImages();
}

void Remote::startImages() {
    while (m_fetching < kMaxImages && !m_images.empty()) {
        ImageCall call = std::move(m_images.front());
        m_images.pop_front();
        if (!call.context) {
            continue;
        }
        if (call.epoch == m_epoch) {
            fetch(std::move(call));
            continue;
        }
        QMetaObject::invokeMethod(
            call.context, [done = call.done] { done(tl::unexpected(interrupted())); }, Qt::QueuedConnection);
    }
}

void Remote::fetch(ImageCall call) {
    QNetworkRequest get = requestFor(routes::jobImage(call.id, call.index));
    const auto part = call.part;
    part->askForRest(get);
    QNetworkReply* reply = m_network.get(get);
    ++m_fetching;
    const auto next = [this] {
        --m_fetching;
        startImages();
    };
    // Not before all have ended that end together: what they leave may be a dead connection.
    connect(reply, &QNetworkReply::finished, this, next, Qt::QueuedConnection);
    connect(reply, &QNetworkReply::metaDataChanged, reply, [reply, part] {
        part->begin(*reply);
        if (part->isUnfit()) {
            reply->abort();
        }
    });
    // At once, for an aborted reply gives nothing.
    connect(reply, &QNetworkReply::readyRead, reply, [reply, part] { part->take(*reply); });
    if (call.progress) {
        connect(reply, &QNetworkReply::downloadProgress, call.context,
                [part, progress = std::move(call.progress)](qint64 received, qint64 total) {
                    progress(part->before() + received, total < 0 ? total : part->before() + total);
                });
    }
    deliver(reply, call.context, std::move(call.done), part);
}

QNetworkReply* Remote::openEvents(const std::string& id, std::optional<std::uint64_t> lastEventId) {
    QNetworkRequest get = requestFor(routes::jobEvents(id));
    get.setRawHeader("Accept", "text/event-stream");
    get.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    get.setTransferTimeout(0);  // the follower watches the heartbeats
    if (lastEventId) {
        get.setRawHeader("Last-Event-ID", QByteArray::number(static_cast<qulonglong>(*lastEventId)));
    }
    QNetworkReply* reply = m_streams.get(get);
    connect(reply, &QNetworkReply::metaDataChanged, this, &Remote::prepareStream);
    return reply;
}

void Remote::prepareStream() {
    if (m_prepared) {
        return;
    }
    // As QNetworkAccessManager::connectToHost() does it, which would make a connection of another kind.
    QNetworkRequest request = requestFor({});
    QUrl url = request.url();
    url.setScheme("preconnect-" + url.scheme());
    request.setUrl(url);
    m_prepared = m_streams.get(request);
    connect(m_prepared, &QNetworkReply::finished, m_prepared, &QObject::deleteLater);
}

QNetworkRequest Remote::requestFor(std::string_view path) const {
    QUrl url = m_endpoint.address;
    url.setPath(url.path() + QString::fromUtf8(path.data(), static_cast<qsizetype>(path.size())));
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setTransferTimeout(static_cast<int>(m_timeout.count()));
    request.setRawHeader("User-Agent", "Easel/" EASEL_VERSION);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    request.setSslConfiguration(m_check.configuration());
    if (!m_endpoint.key.isEmpty()) {
        request.setRawHeader("Authorization", "Bearer " + m_endpoint.key);
    }
    return request;
}

void Remote::deliver(QNetworkReply* reply, QObject* context, Callback<QByteArray> done,
                     const std::shared_ptr<PartialImage>& part) {
    const auto tooMuch = std::make_shared<bool>(false);
    const auto holdTo = [reply, part, tooMuch](qint64 bytes) {
        if (*tooMuch || bytes <= kMaxAnswerBytes - (part ? part->before() : 0)) {
            return;
        }
        *tooMuch = true;
        reply->abort();
    };
    connect(reply, &QNetworkReply::metaDataChanged, reply,
            [reply, holdTo] { holdTo(reply->header(QNetworkRequest::ContentLengthHeader).toLongLong()); });
    connect(reply, &QNetworkReply::downloadProgress, reply,
            [holdTo](qint64 received, qint64) { holdTo(received); });
    const auto finish = [=, this, epoch = m_epoch, guard = QPointer<QObject>(context),
                         done = std::move(done)] {
        reply->deleteLater();
        // An aborted reply is closed already.
        const QByteArray body = reply->isOpen() ? reply->readAll() : QByteArray();
        protocol::Expected<QByteArray> result = body;
        if (epoch != m_epoch) {
            result = tl::unexpected(interrupted());
        } else if (*tooMuch) {
            result = tl::unexpected(notEasel(reply->url(), tr("it sends more than any picture holds")));
        } else if (part && part->isUnfit()) {
            result = tl::unexpected(brokenOff(reply->url()));
        } else if (auto problem = problemOf(*reply, body)) {
            result = tl::unexpected(std::move(*problem));
        } else if (part) {
            result = part->release();
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
