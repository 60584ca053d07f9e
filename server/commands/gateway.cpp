// SPDX-License-Identifier: Apache-2.0
#include "server/commands/gateway.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "server/commands/log.h"
#include "server/commands/materials.h"
#include "server/commands/pair.h"
#include "server/http/descriptors.h"
#include "server/http/options.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/tls/certificate.h"
#include "shared/protocol/fingerprint.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/routes.h"
#include "shared/protocol/samplers.h"
#include "shared/protocol/work.h"

namespace easel::commands {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;

/// Megapixel-steps of 50 steps at 512x512, which no limit of an hour's work forbids.
constexpr double kUsualPicture = 512 * 512 * 50 / 1e6;

/// How much of the server's id is in its cookie's name: servers on one machine share its cookies, whatever
/// their ports.
constexpr std::size_t kCookieId = 8;

constexpr const char* kAllDrained = "All devices are drained.";

void logError(const std::string& text) {
    spdlog::error(text);
}

/// As much of `path` as a route can begin with. What follows is what somebody typed, and may be a prompt, as
/// behind a question mark that was escaped.
std::string shown(const std::string& path) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-_.~*";
    const auto end = path.find_first_not_of(kLetters);
    return end == std::string::npos ? path : path.substr(0, end) + "…";
}

void logAccess(const http::Access& access) {
    if (access.method.empty() && !access.failure.empty()) {
        spdlog::info("{}: TLS could not be agreed on: {}", access.remote, access.failure);
        return;
    }
    const std::string path = shown(access.path);
    const LogAbout about({.requestId = access.id,
                          .method = access.method,
                          .path = path,
                          .remote = access.remote,
                          .status = access.status,
                          .took = access.took});
    spdlog::info("{} {} {} ms {} {} {}", access.remote, access.status, access.took.count(), access.id,
                 access.method, path);
    if (!access.failure.empty()) {
        spdlog::error("Request {}: {}", access.id, access.failure);
    }
}

/// Whether a request asks for more than to look.
bool isUse(const http::Access& access) {
    return access.method == "POST" || access.method == "DELETE" || access.method == "PUT" ||
           access.method == "PATCH";
}

void logCertificate(const tl::expected<tls::Certificate, std::string>& certificate) {
    if (!certificate) {
        spdlog::error(certificate.error());
        return;
    }
    spdlog::info("The certificate's fingerprint in words: {}; SHA-256: {}",
                 protocol::fingerprintInWords(certificate->fingerprint),
                 protocol::fingerprintInHex(certificate->fingerprint));
    if (const std::string complaint = tls::complaintAbout(*certificate); !complaint.empty()) {
        spdlog::warn(complaint);
    }
}

protocol::Problem leavesModels() {
    return protocol::ofStatus(403,
                              "This server leaves its models as they are: it was started with --no-pull.");
}

std::optional<std::int64_t> freeBytesAt(const std::filesystem::path& folder) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? std::nullopt : std::optional(static_cast<std::int64_t>(space.available));
}

/// Empty when there is to be no TLS.
tl::expected<tls::Files, std::string> certificateOf(const ServeOptions& options, const DataFolder& data) {
    if (options.tls) {
        return tls::ownCertificate(data.tls(), tls::ownNames(options.bind));
    }
    return tls::Files{options.tlsCert, options.tlsKey};
}

jobs::Retention retention(const ServeOptions& options) {
    return {.maxAgeMs = std::chrono::milliseconds(std::chrono::days(options.keepDays)).count(),
            .maxJobs = options.keepJobs,
            .maxBytes = std::int64_t{options.keepGib} << 30};
}

}  // namespace

Gateway::Gateway(DataFolder data, const Log& log, std::unique_ptr<keys::KeyStore> keys,
                 const ServeOptions& options, std::shared_ptr<ModelShelf> models,
                 std::unique_ptr<generator::DevicePool> devices, std::function<void()> onUse)
    : m_data(std::move(data)),
      m_wholeLog(log),
      m_models(std::move(models)),
      m_tokens(*m_models),
      m_limits{.maxWork = options.maxWork},
      m_samplers(protocol::describeSamplers()),
      m_unused(std::move(devices)),
      m_devices(*m_unused),
      m_news([this] { return m_devices.status(); }, [this] { return m_devices.devices(); }),
      m_logged(m_news.follow([this](const auto& news) { m_log.heard(news); })),
      m_onUse(std::move(onUse)),
      m_jobLog(options.logPrompts),
      m_door(std::move(keys), {.isLocked = options.requireKey,
                               .tickets = m_data.tickets(),
                               .cookie = "easel-" + m_data.id().substr(0, kCookieId)}) {
    m_models->setStatus([this] { return m_devices.status(); });
}

Expected<void> Gateway::start(const ServeOptions& options) {
    if (auto cache = hubCache(); !options.noPull && !testPatternIn(options.drawing.model) && !cache.empty()) {
        m_canPull = true;
        m_store = std::make_unique<ModelStore>(std::move(cache), options.tokenFile, m_models,
                                               [this](const auto& pull) { m_news.changed(pull); });
    }
    return openQueue(options).and_then([&] { return listen(options); });
}

void Gateway::stop(std::chrono::seconds grace) {
    m_isStopping = true;
    m_queue->drain(grace);
    m_listener->stop(2s);
    std::error_code ignored;
    std::filesystem::remove(m_data.address(), ignored);  // "pair" has nobody to lead to any more
}

jobs::DiskOptions Gateway::disk(const ServeOptions& options) const {
    return {.minFreeBytes = std::int64_t{options.minFreeMib} << 20,
            .freeBytes =
                [folder = m_data.jobs().parent_path()] {
                    return freeBytesAt(folder).value_or(std::numeric_limits<std::int64_t>::max());
                },
            .reserve = m_data.jobs().parent_path() / "reserve"};
}

Expected<void> Gateway::openQueue(const ServeOptions& serving) {
    auto store = jobs::openSqliteJobStore(m_data.jobs(), logError);
    if (!store) {
        return tl::unexpected(store.error());
    }
    auto images = jobs::ImageFolder::open(m_data.images());
    if (!images) {
        return tl::unexpected(images.error());
    }
    auto inputs = jobs::InputFolder::open(m_data.inputs());
    if (!inputs) {
        return tl::unexpected(inputs.error());
    }
    jobs::QueueOptions options;
    options.limits = m_limits;
    options.leastMaxWork = kUsualPicture;
    if (const auto model = m_models->find({})) {
        options.leastMaxWork = std::max(kUsualPicture, protocol::workOf(*model));
    }
    options.retention = retention(serving);
    options.disk = disk(serving);
    options.onRestart = serving.onRestart;
    options.obstacle = [this](const protocol::GenerationSettings& settings) { return obstacleTo(settings); };
    options.log = logError;
    options.onGeneratorStatus = [this](const generator::Status& status) {
        m_log.changed(status);
        m_news.changed();
    };
    return jobs::JobQueue::open(std::move(*store), std::move(*images), std::move(*inputs),
                                std::move(m_unused), options)
        .and_then([this](std::unique_ptr<jobs::JobQueue> queue) {
            m_queue = std::move(queue);
            return m_queue->subscribeToAll({}, {}, [this](const protocol::JobEvent& event) {
                m_metrics.heard(event);
                m_jobLog.heard(event);
            });
        })
        .map([this](jobs::Subscription heard) { m_heard = std::move(heard); });
}

/// A job may be older than the server's present choice of models.
std::optional<protocol::Hold> Gateway::obstacleTo(const protocol::GenerationSettings& settings) const {
    if (!m_models->describe(settings.model)) {
        return protocol::Hold{
            protocol::HoldReason::ModelMissing,
            fmt::format("The model {} is not on this server.", settings.model),
            protocol::isHubName(settings.model)
                ? protocol::howToPull(settings.model, m_canPull)
                : "Put the model back among those that the server looks for, or cancel the job."};
    }
    if (m_devices.isDrained()) {
        return protocol::Hold{
            protocol::HoldReason::DeviceDrained, kAllDrained,
            fmt::format("Take one into use again, with POST {}.", protocol::routes::deviceResume("0"))};
    }
    return {};
}

Expected<void> Gateway::listen(const ServeOptions& options) {
    const auto certificate = certificateOf(options, m_data);
    if (!certificate) {
        return tl::unexpected(protocol::internalError(certificate.error()));
    }
    http::ListenerOptions settings;
    settings.certificate = *certificate;
    settings.onCertificate = logCertificate;
    settings.address = options.bind;
    settings.port = static_cast<std::uint16_t>(options.port);
    settings.publicUrl = http::parsePublicUrl(options.publicUrl).value_or(http::PublicUrl());
    settings.trustedProxies =
        http::TrustedProxies::parse(options.trustedProxies).value_or(http::TrustedProxies());
    settings.maxConnections = http::connectionsWithin(http::raiseDescriptorLimit());
    settings.onAccess = [this](const http::Access& access) { answered(access); };
    auto listener = http::Listener::start(settings, api::makeRouter(service()));
    if (!listener) {
        return tl::unexpected(protocol::unavailable(listener.error()));
    }
    m_listener = std::move(*listener);
    PublicAddress address{
        .url = options.publicUrl.empty() ? reachableUrl(options, port()) : options.publicUrl,
        .fingerprint = {},
        .name = machineName()};
    if (const auto own = options.tls ? tls::readCertificate(certificate->certificate)
                                     : tl::make_unexpected(std::string())) {
        address.fingerprint = protocol::fingerprintInHex(own->fingerprint);
    }
    if (const auto told = tellAddress(m_data.address(), address); !told) {
        spdlog::warn(told.error().detail);  // a full disk can be emptied over HTTP, so that has to go on
    }
    return {};
}

api::Service Gateway::service() {
    return {.queue = *m_queue,
            .server = [this] { return info(); },
            .models = {.find = [this](const auto& id) { return m_models->find(id); },
                       .describe = [this](const auto& id) { return m_models->describe(id); },
                       .memoryFor = [this](const auto& settings) { return m_models->memoryFor(settings); },
                       .page = [this](int limit, const auto& after) { return m_models->page(limit, after); },
                       .load = [this](const auto& id) { m_queue->loadModel(id); },
                       .unload = [this](const auto& id) { m_queue->unloadModel(id); },
                       .remove = [this](const auto& id, const auto& done) { removeModel(id, done); },
                       .verify = [this](const auto& id) { return verifyModel(id); },
                       .countTokens = [this](const auto& question) { return m_tokens.count(question); },
                       .freeBytes = [this] { return m_store ? m_store->freeBytes() : std::nullopt; }},
            .devices = {.list = [this] { return m_devices.devices(); },
                        .setDrained = [this](const auto& id,
                                             bool drained) { return m_devices.setDrained(id, drained); }},
            .follow = [this](auto follower) { return m_news.follow(std::move(follower)); },
            .door = &m_door,
            .pulls = pulls(),
            .hub = hub(),
            .addons = {.list = [this](auto kind) { return m_models->addons(kind); },
                       .check =
                           [this](const auto& settings) {
                               return addonsFor(settings, *m_models).map([](const auto&) {});
                           }},
            .log = [this](int lines) { return m_wholeLog.last(lines); },
            .metrics = [this] { return metrics(); }};
}

api::Hub Gateway::hub() {
    if (!m_store) {
        return {};
    }
    return {.search = [this](const auto& words, int limit,
                             const auto& done) { m_store->search(words, limit, done); },
            .lookUp = [this](const auto& id, const auto& revision,
                             const auto& done) { m_store->lookUp(id, revision, done); }};
}

api::Pulls Gateway::pulls() {
    if (!m_store) {
        return {};
    }
    hub::Pulls& pulls = m_store->pulls();
    return {.start = [&pulls](const auto& request) { return pulls.start(request); },
            .list = [&pulls] { return pulls.list(); },
            .find = [&pulls](const auto& id) { return pulls.find(id); },
            .cancel = [&pulls](const auto& id) { return pulls.cancel(id); }};
}

Expected<protocol::PullInfo> Gateway::verifyModel(const std::string& id) {
    return m_store ? m_store->verify(id) : tl::unexpected(leavesModels());
}

void Gateway::removeModel(const std::string& id, const api::Models::Removed& done) {
    if (!m_store) {
        return done(tl::unexpected(leavesModels()));
    }
    m_store->remove(
        id, [this](const auto& model) { m_queue->unloadModel(model); }, done);
}

void Gateway::answered(const http::Access& access) {
    logAccess(access);
    m_metrics.answered(access);
    if (isUse(access)) {
        m_onUse();
    }
}

std::string Gateway::metrics() const {
    return m_metrics.text({.server = info(),
                           .devices = m_devices.devices(),
                           .tallies = m_devices.tallies(),
                           .backlogSeconds = m_queue->load().backlogSeconds,
                           .freeBytes = freeBytesAt(m_data.jobs().parent_path())});
}

bool Gateway::isAlive() {
    (void)m_queue->state();  // who cannot be asked does not come back from this
    return m_listener->isAlive(5s);
}

bool Gateway::isBusy() const {
    const auto queue = m_queue->state();
    return queue.running > 0 || (queue.queued > 0 && !queue.paused) ||
           (m_store && std::ranges::any_of(m_store->pulls().list(), [](const protocol::PullInfo& pull) {
                return !isFinished(pull.state);
            }));
}

protocol::ServerInfo Gateway::info() const {
    const auto status = m_devices.status();
    const auto load = m_queue->load();
    const bool isDrained = m_devices.isDrained();
    protocol::ServerInfo info;
    info.version = EASEL_VERSION;
    info.id = m_data.id();
    info.device = status.device;
    info.deviceName = status.deviceName;
    info.precision = status.precision;
    info.deviceWarning = status.warning;
    info.kernels = status.kernels;
    info.ready = status.ready && !m_isStopping && !load.disk && !isDrained;
    info.status = m_isStopping ? "The server is shutting down."
                  : load.disk  ? load.disk->detail
                  : isDrained  ? kAllDrained
                               : status.message;
    info.defaultModel = m_models->defaultId();
    info.paused = load.queue.paused;
    info.queued = load.queue.queued;
    info.held = load.queue.held;
    info.running = load.queue.running;
    info.setAside = load.setAside;
    info.limits = m_limits;
    info.limits.maxWork = load.maxWork;
    info.samplers = m_samplers;
    info.previews = true;
    return info;
}

}  // namespace easel::commands
