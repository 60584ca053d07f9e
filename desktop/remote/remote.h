// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QNetworkAccessManager>
#include <QObject>
#include <QPointer>
#include <QUrl>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desktop/remote/certificate_check.h"
#include "desktop/remote/endpoint.h"
#include "shared/protocol/addon_info.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/input_info.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/token_count.h"

class QNetworkReply;
class QNetworkRequest;

namespace easel::remote {

class PartialImage;

template <typename T>
using Callback = std::function<void(protocol::Expected<T>)>;

/// Bytes moved and, where that is known, bytes in all (else -1).
using Progress = std::function<void(qint64 moved, qint64 total)>;

/// Problem codes of failures that no server reported. Their `status` is 0.
inline constexpr char kUnreachable[] = "unreachable";  ///< no connection, name not found, cut in the middle
inline constexpr char kTimedOut[] = "timed_out";       ///< no byte came in time
inline constexpr char kOtherScheme[] =
    "other_scheme";                                   ///< http where https was tried, or the other way round
inline constexpr char kNotTrusted[] = "not_trusted";  ///< TLS
/// Nobody vouches for the server's certificate: a person has to.
inline constexpr char kCertificateUnknown[] = "certificate_unknown";
/// It is not the certificate that the server had.
inline constexpr char kCertificateChanged[] = "certificate_changed";
inline constexpr char kNotEasel[] = "not_easel";  ///< something answered, but not an Easel server
inline constexpr char kAborted[] = "aborted";     ///< the address changed meanwhile
inline constexpr char kInvalidAddress[] = "invalid_address";

/// True when asking again later, unchanged, can help: nothing was heard, the call was aborted, or the server
/// is busy (429, 502, 503, 504). `problem.retryAfter` says when, where the server did.
bool isPassing(const protocol::Problem& problem);
/// True when asking again can help once a person has let this computer in again: the key is missing or was
/// refused (401), or the certificate is not the right one. What was not sent for it waits.
bool isLockedOut(const protocol::Problem& problem);

/// What a ticket is exchanged for.
struct PairedKey {
    QByteArray key;
    QString id;    ///< the server's name for the key; no secret
    QString name;  ///< as it is listed there
};

/// The only class that talks HTTP: one method per route. Lives on the GUI thread and never blocks it: each
/// method returns at once and calls `done` exactly once, later, from the event loop, unless `context` is
/// gone by then. Redirects are not followed. Owned by main, shared by reference.
class Remote : public QObject {
    Q_OBJECT

public:
    explicit Remote(QObject* parent = nullptr);
    ~Remote() override;

    /// Where requests go, and what they need to get in. Calls still under way end with kAborted.
    void setEndpoint(const Endpoint& endpoint);
    const Endpoint& endpoint() const { return m_endpoint; }
    /// An address, from parseAddress, that needs no key and no certificate of its own.
    void setAddress(const QUrl& base) { setEndpoint({base, {}, {}, {}}); }
    const QUrl& address() const { return m_endpoint.address; }
    /// The same server takes this key from now on; calls under way go on.
    void setKey(const QByteArray& key) { m_endpoint.key = key; }
    void setName(const QString& name) { m_endpoint.name = name; }
    /// The certificate that was turned away at this endpoint.
    const std::optional<CertificateCheck::Presented>& presented() const { return m_check.presented(); }
    bool isTrustedAnyway() const { return m_check.isTrustedAnyway(); }
    /// Ends what is under way, as when the network has gone from under it: each call fails with something
    /// passing.
    void dropConnections();
    /// How long to wait for the next byte of an answer; 20 s unless set.
    void setTimeout(std::chrono::milliseconds timeout) { m_timeout = timeout; }

    void server(QObject* context, Callback<protocol::ServerInfo> done);
    /// A page of the models, those that come `after` an id; the first one without.
    void models(const std::optional<std::string>& after, QObject* context,
                Callback<protocol::ModelPage> done);
    /// What can be added to a model there: LoRAs, embeddings, VAEs, ControlNets. Errors: 404 from a server
    /// that is too old.
    void addons(QObject* context, Callback<std::vector<protocol::AddonInfo>> done);
    /// Sends a picture's file to draw from; the same file twice is one picture, whose id is its SHA-256.
    /// Errors: 413 and 415, it is no picture that can be used; 429 and 507, there is no room for it.
    void putInput(const QByteArray& file, QObject* context, Callback<protocol::InputInfo> done,
                  const Progress& progress = {});
    /// The last lines of the server's log, oldest first; for an admin's key. Errors: 403 for another one, 404
    /// from a server that is too old.
    void log(QObject* context, Callback<std::vector<std::string>> done);
    /// Models on their way to the server, and those that were, the newest first.
    void pulls(QObject* context, Callback<std::vector<protocol::PullInfo>> done);
    void pull(const protocol::PullRequest& request, QObject* context, Callback<protocol::PullInfo> done);
    void cancelPull(const std::string& id, QObject* context, Callback<protocol::PullInfo> done);
    void verifyModel(const std::string& id, QObject* context, Callback<protocol::PullInfo> done);
    /// What it answers has no bytes.
    void removeModel(const std::string& id, QObject* context, Callback<QByteArray> done);
    /// What the server's hub has: models that `words` are found in, or one by its name.
    void searchHub(const QString& words, QObject* context, Callback<std::vector<protocol::HubHit>> done);
    void lookUpOnHub(const std::string& id, QObject* context, Callback<protocol::HubModel> done);
    /// How a model reads a prompt. Errors: 404 from a server that is too old.
    void countTokens(const protocol::TokenQuestion& question, QObject* context,
                     Callback<protocol::TokenCount> done);
    /// Exchanges a ticket, good once, for a key of this computer's own that is listed as `name` there.
    /// Errors: 410, the ticket was used or has run out.
    void pair(const QByteArray& ticket, const QString& name, QObject* context, Callback<PairedKey> done);

    /// `idempotencyKey` makes it safe to send the same job again after a cut: the server answers with the
    /// job that it already has.
    void createJob(const protocol::GenerationRequest& request, const QString& idempotencyKey,
                   QObject* context, Callback<protocol::Job> done);
    void cancelJob(const std::string& id, QObject* context, Callback<protocol::Job> done);
    /// The encoded bytes of image `index`, exactly as the server stores them. `part`, the same for each try,
    /// holds what came before a cut: then only the rest is asked for.
    void image(const std::string& id, int index, QObject* context, Callback<QByteArray> done,
               Progress progress = {}, std::shared_ptr<PartialImage> part = {});
    /// At most this many are on their way at a time; a further one waits for its turn.
    static constexpr int kMaxImages = 4;

    /// At most this many event streams can be open at a time; a further one waits for its turn.
    static constexpr int kMaxStreams = 6;
    /// Opens the event stream of a job; for JobFollower, which reads it and owns the reply.
    QNetworkReply* openEvents(const std::string& id, std::optional<std::uint64_t> lastEventId);
    /// Has a connection made for the next stream, unless there is one.
    void prepareStream();

Q_SIGNALS:
    /// Another server, or another way to it.
    void addressChanged();

private:
    struct ImageCall {
        std::string id;
        int index = 0;
        QPointer<QObject> context;
        Callback<QByteArray> done;
        Progress progress;
        std::shared_ptr<PartialImage> part;
        int epoch = 0;
    };

    void abortAll();
    void startImages();
    void fetch(ImageCall call);
    QNetworkRequest requestFor(std::string_view path) const;
    /// Waits for the reply and hands its body, or what went wrong, to `done` in `context`. A picture's body
    /// is in `part`.
    void deliver(QNetworkReply* reply, QObject* context, Callback<QByteArray> done,
                 const std::shared_ptr<PartialImage>& part = {});
    template <typename T>
    void deliverParsed(QNetworkReply* reply, QObject* context,
                       protocol::Expected<T> (*parse)(std::string_view), Callback<T> done);

    QNetworkAccessManager m_network;
    /// Streams stay open for minutes and Qt opens at most six connections to a host: kept apart, they can't
    /// hold up the calls.
    QNetworkAccessManager m_streams;
    std::deque<ImageCall> m_images;  ///< wait for their turn
    int m_fetching = 0;
    QPointer<QNetworkReply> m_prepared;  ///< a connection that is being made
    CertificateCheck m_check;
    Endpoint m_endpoint;
    int m_epoch = 0;  ///< tells calls to this endpoint from those to earlier ones
    std::chrono::milliseconds m_timeout{20'000};
};

}  // namespace easel::remote
