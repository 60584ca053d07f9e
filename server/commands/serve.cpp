// SPDX-License-Identifier: Apache-2.0
#include "server/commands/serve.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "server/api/api.h"
#include "server/commands/background_writer.h"
#include "server/commands/command_line.h"
#include "server/commands/data_folder.h"
#include "server/commands/generator_log.h"
#include "server/commands/log.h"
#include "server/commands/messages.h"
#include "server/commands/model_shelf.h"
#include "server/commands/signals.h"
#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"
#include "server/http/descriptors.h"
#include "server/http/listener.h"
#include "server/http/options.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/sqlite_job_store.h"
#include "shared/process/files.h"
#include "shared/protocol/samplers.h"
#include "shared/protocol/work.h"

namespace easel::commands {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;

std::string urlOf(const std::string& address, std::uint16_t port) {
    const bool isV6 = address.find(':') != std::string::npos;
    return "http://" + (isV6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

void logError(const std::string& text) {
    spdlog::error(text);
}

/// Megapixel-steps of 50 steps at 512x512, which no limit of an hour's work forbids.
constexpr double kUsualPicture = 512 * 512 * 50 / 1e6;

/// The parts of a running server, in the order in which they need each other.
class Server {
public:
    Server(DataFolder data, std::shared_ptr<ModelShelf> models, std::optional<double> maxWork)
        : m_data(std::move(data)), m_models(std::move(models)), m_limits{.maxWork = maxWork} {}

    /// Opens the queue and the port.
    Expected<void> start(std::unique_ptr<generator::Generator> generator, const ServeOptions& options) {
        return openQueue(std::move(generator), options).and_then([&] { return listen(options); });
    }

    std::uint16_t port() const { return m_listener->port(); }

    /// Clients may still watch what goes on while the running job finishes.
    void stop(std::chrono::seconds grace) {
        m_isStopping = true;
        m_queue->drain(grace);
        m_listener->stop(2s);
    }

private:
    static jobs::Retention retention(const ServeOptions& options) {
        return {.maxAgeMs = std::chrono::milliseconds(std::chrono::days(options.keepDays)).count(),
                .maxJobs = options.keepJobs,
                .maxBytes = std::int64_t{options.keepGib} << 30};
    }

    jobs::DiskOptions disk(const ServeOptions& options) const {
        return {.minFreeBytes = std::int64_t{options.minFreeMib} << 20,
                .freeBytes =
                    [folder = m_data.jobs().parent_path()] {
                        std::error_code error;
                        const auto space = std::filesystem::space(folder, error);
                        return error ? std::numeric_limits<std::int64_t>::max()
                                     : static_cast<std::int64_t>(space.available);
                    },
                .reserve = m_data.jobs().parent_path() / "reserve"};
    }

    Expected<void> openQueue(std::unique_ptr<generator::Generator> generator, const ServeOptions& serving) {
        auto store = jobs::openSqliteJobStore(m_data.jobs(), logError);
        if (!store) {
            return tl::unexpected(store.error());
        }
        auto images = jobs::ImageFolder::open(m_data.images());
        if (!images) {
            return tl::unexpected(images.error());
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
        options.obstacle = [this](const protocol::GenerationSettings& settings) {
            return obstacleTo(settings);
        };
        options.log = logError;
        options.onGeneratorStatus = [log = std::make_shared<GeneratorLog>()](const auto& status) {
            log->changed(status);
        };
        return jobs::JobQueue::open(std::move(*store), std::move(*images), std::move(generator), options)
            .map([this](std::unique_ptr<jobs::JobQueue> queue) {
                m_queue = std::move(queue);
                m_models->setStatus([this] { return m_queue->generatorStatus(); });
            });
    }

    /// A job may be older than the server's present choice of a model.
    std::optional<protocol::Hold> obstacleTo(const protocol::GenerationSettings& settings) const {
        if (m_models->describe(settings.model)) {
            return {};
        }
        return protocol::Hold{protocol::HoldReason::ModelMissing,
                              fmt::format("The model {} is not on this server.", settings.model),
                              "Put the model back among those that the server looks for, or cancel the job."};
    }

    Expected<void> listen(const ServeOptions& options) {
        http::ListenerOptions settings;
        settings.address = options.bind;
        settings.port = static_cast<std::uint16_t>(options.port);
        settings.maxConnections = http::connectionsWithin(http::raiseDescriptorLimit());
        settings.onAccess = [](const http::Access& access) {
            // The path last: a client can put whatever it likes into it, other fields too.
            spdlog::info("{} {} {} ms {} {}", access.remote, access.status, access.took.count(),
                         access.method, access.path);
        };
        auto listener =
            http::Listener::start(settings, api::makeRouter({*m_queue, [this] { return info(); }, models()}));
        if (!listener) {
            return tl::unexpected(protocol::unavailable(listener.error()));
        }
        m_listener = std::move(*listener);
        return {};
    }

    api::Models models() const {
        return {.find = [this](const auto& id) { return m_models->find(id); },
                .describe = [this](const auto& id) { return m_models->describe(id); },
                .page = [this](int limit, const auto& after) { return m_models->page(limit, after); },
                .load = [this](const auto& id) { m_queue->loadModel(id); },
                .unload = [this](const auto& id) { m_queue->unloadModel(id); }};
    }

    protocol::ServerInfo info() const {
        const auto status = m_queue->generatorStatus();
        const auto load = m_queue->load();
        protocol::ServerInfo info;
        info.version = EASEL_VERSION;
        info.id = m_data.id();
        info.device = status.device;
        info.deviceName = status.deviceName;
        info.precision = status.precision;
        info.ready = status.ready && !m_isStopping && !load.disk;
        info.status = m_isStopping ? "The server is shutting down."
                      : load.disk  ? load.disk->detail
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
        return info;
    }

    const DataFolder m_data;
    const std::shared_ptr<ModelShelf> m_models;
    const protocol::Limits m_limits;
    const std::vector<protocol::SamplerInfo> m_samplers = protocol::describeSamplers();
    std::atomic<bool> m_isStopping = false;
    std::unique_ptr<jobs::JobQueue> m_queue;
    std::unique_ptr<http::Listener> m_listener;  // goes first: its handlers use the rest
};

Expected<protocol::ModelInfo> infoIn(const std::filesystem::path& folder) {
    return models::openModelFolder(folder).map([](const models::ModelFolder& model) { return model.info; });
}

std::shared_ptr<ModelShelf> modelsOf(const ServeOptions& options) {
    if (options.testPattern) {
        return std::make_shared<ModelShelf>();
    }
    models::Places places{.folders = options.models, .hubs = {}};
    if (auto hub = models::hubCache(); !hub.empty()) {
        places.hubs.push_back(std::move(hub));
    }
    return std::make_shared<ModelShelf>(options.drawing.model, std::move(places));
}

std::unique_ptr<generator::Generator> generatorOf(const ServeOptions& options,
                                                  const std::shared_ptr<ModelShelf>& models,
                                                  const DataFolder& data) {
    if (options.testPattern) {
        return std::make_unique<generator::TestPattern>(
            generator::TestPatternOptions{.stepTime = std::chrono::milliseconds(options.stepMs)});
    }
    const Drawing& drawing = options.drawing;
    return std::make_unique<generator::WorkerProcess>(generator::WorkerOptions{
        .program = drawing.worker,
        .model = {models->defaultId(), drawing.model},
        .locate = [models](const std::string& id) { return models->locate(id); },
        .device = drawing.device,
        .precision = drawing.precision,
        .memory = drawing.memory,
        .widths = data.widths(),
        .onOutput = [](const std::string& line) { spdlog::info("worker: {}", line); }});
}

/// Says what somebody who starts a server should know.
void warn(const ServeOptions& options, const protocol::ModelInfo& model, const ModelShelf& models) {
    if (!http::isLoopback(options.bind)) {
        spdlog::warn("Everyone who reaches {} can draw and see all pictures: no encryption, no login",
                     options.bind);
    }
    for (const std::string& note : model.notes) {
        spdlog::warn(note);
    }
    for (const protocol::Problem& problem : models.problems()) {
        spdlog::warn(problem.detail);
    }
}

}  // namespace

int serve(ServeOptions options) {
    ::umask(077);  // What people ask for is nobody else's to read, whoever starts the server.
    if (!http::isLoopback(options.bind) && !options.allowInsecure) {
        return fail(kWrongArgument,
                    "--bind " + options.bind +
                        " can be reached by others, and there is no encryption and no login yet. Keep "
                        "127.0.0.1 and use an SSH tunnel, or say --allow-insecure on a network where you "
                        "trust everyone.");
    }
    options.drawing = withDefaults(std::move(options.drawing));
    if (options.data.empty()) {
        options.data = dataFolder();
    }
    if (options.data.empty()) {
        return fail(kWrongArgument,
                    "There is no home folder to keep jobs and pictures in; say where with --data FOLDER.");
    }
    const auto models = modelsOf(options);
    const auto model = options.testPattern ? models->find({}) : infoIn(options.drawing.model);
    if (!model) {
        return fail(kFailure, model.error().detail);
    }
    if (const double own = protocol::workOf(*model); options.maxWork && *options.maxWork < own) {
        return fail(kWrongArgument, fmt::format("--max-work {} is less than one picture of this model takes; "
                                                "say at least {:.2f}.",
                                                *options.maxWork, own + 0.005));
    }
    auto data = DataFolder::open(options.data);
    if (!data) {
        return fail(kFailure, data.error().detail);
    }

    std::promise<void> ended;
    const SignalWatch signals([&ended] { ended.set_value(); });
    const Log log;
    BackgroundWriter output(STDOUT_FILENO);
    warn(options, *model, *models);
    auto generator = generatorOf(options, models, *data);
    Server server(std::move(*data), models, options.maxWork);
    if (const auto started = server.start(std::move(generator), options); !started) {
        return fail(kFailure, started.error().detail);
    }
    if (!options.portFile.empty() &&
        process::writeWhole(options.portFile, std::to_string(server.port()) + '\n', {.durably = false}) !=
            0) {
        return fail(kFailure, "The port file " + options.portFile.string() + " could not be written.");
    }
    output.write("Listening on " + urlOf(options.bind, server.port()) + '\n');

    ended.get_future().wait();
    spdlog::info("Ending: the running job has {} s to finish; once more to end at once",
                 options.drainSeconds);
    server.stop(std::chrono::seconds(options.drainSeconds));
    return kSuccess;
}

}  // namespace easel::commands
