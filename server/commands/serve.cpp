// SPDX-License-Identifier: Apache-2.0
#include "server/commands/serve.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "server/commands/background_writer.h"
#include "server/commands/command_line.h"
#include "server/commands/data_folder.h"
#include "server/commands/gateway.h"
#include "server/commands/idle_watch.h"
#include "server/commands/log.h"
#include "server/commands/materials.h"
#include "server/commands/messages.h"
#include "server/commands/model_shelf.h"
#include "server/commands/ownership.h"
#include "server/commands/pair.h"
#include "server/commands/reach.h"
#include "server/commands/service_notifier.h"
#include "server/commands/signals.h"
#include "server/commands/worker_libraries.h"
#include "server/generator/child_process.h"
#include "server/generator/device_pool.h"
#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"
#include "server/keys/key_store.h"
#include "server/tls/reloading.h"
#include "shared/process/files.h"
#include "shared/protocol/work.h"

namespace easel::commands {

namespace {

using protocol::Expected;

constexpr std::chrono::seconds kIdlePause{2};

Expected<protocol::ModelInfo> infoIn(const std::filesystem::path& folder) {
    return models::openModelFolder(folder).map([](const models::ModelFolder& model) { return model.info; });
}

std::shared_ptr<ModelShelf> modelsOf(const ServeOptions& options) {
    if (testPatternIn(options.drawing.model)) {
        return std::make_shared<ModelShelf>();
    }
    models::Places places{.folders = options.models, .hubs = {}};
    if (auto hub = hubCache(); !hub.empty()) {
        places.hubs.push_back(std::move(hub));
    }
    return std::make_shared<ModelShelf>(options.drawing.model, std::move(places), options.addons);
}

/// What draws on the device at `index` of `names`.
std::unique_ptr<generator::Generator> generatorOf(const ServeOptions& options,
                                                  const std::shared_ptr<ModelShelf>& models,
                                                  const DataFolder& data,
                                                  const std::vector<std::string>& names, std::size_t index) {
    const Drawing& drawing = options.drawing;
    if (const auto stepMs = testPatternIn(drawing.model)) {
        return std::make_unique<generator::TestPattern>(
            generator::TestPatternOptions{.stepTime = std::chrono::milliseconds(*stepMs)});
    }
    const std::string worker = names.size() == 1 ? "worker" : fmt::format("worker {}", index);
    return std::make_unique<generator::WorkerProcess>(generator::WorkerOptions{
        .program = drawing.worker,
        .model = {models->defaultId(), drawing.model},
        .locate = [models](const std::string& id) { return models->locate(id); },
        .gather =
            [models, inputs = data.inputs()](const protocol::GenerationSettings& settings) {
                return materialsFor(settings, *models, inputs);
            },
        .environment = [libraries = std::make_shared<WorkerLibraries>(
                            drawing.worker)] { return libraries->forNextStart(); },
        .device = names[index],
        .precision = drawing.precision,
        .memory = drawing.memory,
        .sharers = static_cast<int>(std::ranges::count(names, names[index])),
        .widths = data.widths(index),
        .kernels = data.kernels(index),
        .onOutput = [worker](const std::string& line) { spdlog::info("{}: {}", worker, line); }});
}

std::unique_ptr<generator::DevicePool> devicesOf(const ServeOptions& options,
                                                 const std::shared_ptr<ModelShelf>& models,
                                                 const DataFolder& data) {
    const std::vector<std::string> names = devicesIn(options.drawing.device);
    std::vector<generator::DevicePool::Device> devices;
    devices.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        devices.push_back({names[i], generatorOf(options, models, data, names, i)});
    }
    return std::make_unique<generator::DevicePool>(std::move(devices));
}

/// Says what somebody who starts a server should know.
void warn(const ServeOptions& options, const Reach& reach, const protocol::ModelInfo& model,
          const ModelShelf& models) {
    for (const std::string& danger : dangersOf(reach)) {
        spdlog::warn(danger);
    }
    if (options.requireKey && !reach.hasKeys) {
        spdlog::warn(
            "There is no key yet, so nobody can come in: make one with \"easel-server keys create\"");
    }
    for (const std::string& note : model.notes) {
        spdlog::warn(note);
    }
    for (const protocol::Problem& problem : models.problems()) {
        spdlog::warn(problem.detail);
    }
}

/// Why a server does not start.
struct Refusal {
    int status = kFailure;
    std::string why;
};

template <typename T>
using OrRefusal = tl::expected<T, Refusal>;

OrRefusal<protocol::ModelInfo> firstModel(const ServeOptions& options, const ModelShelf& models) {
    const auto model = testPatternIn(options.drawing.model) ? models.find({}) : infoIn(options.drawing.model);
    if (!model) {
        return tl::unexpected(Refusal{kFailure, model.error().detail});
    }
    if (const double own = protocol::workOf(*model); options.maxWork && *options.maxWork < own) {
        return tl::unexpected(
            Refusal{kWrongArgument, fmt::format("--max-work {} is less than one picture of this model takes; "
                                                "say at least {:.2f}.",
                                                *options.maxWork, own + 0.005)});
    }
    return *model;
}

OrRefusal<std::unique_ptr<keys::KeyStore>> keysIn(const std::filesystem::path& file) {
    auto keys = keys::KeyStore::open(file, {.log = [](const auto& text) { spdlog::error(text); }});
    if (!keys) {
        return tl::unexpected(Refusal{kFailure, keys.error().detail});
    }
    return std::move(*keys);
}

OrRefusal<Reach> reachOf(const ServeOptions& options, const keys::KeyStore& keys) {
    Reach reach{.address = options.bind,
                .hasKeys = keys.hasLiving(),
                .needsKey = options.requireKey || keys.hasLiving(),
                .isEncrypted = isEncrypted(options)};
    if (!canBeReachedSafely(reach) && !options.allowInsecure) {
        return tl::unexpected(Refusal{kWrongArgument, howToBeSafe(reach)});
    }
    return reach;
}

/// Says whether a server could start with this; one that runs with the same data is left alone.
OrRefusal<void> check(const ServeOptions& options) {
    const auto model = firstModel(options, *modelsOf(options));
    if (!model) {
        return tl::unexpected(model.error());
    }
    if (!options.tlsCert.empty()) {
        if (const auto read = tls::Reloading::open({options.tlsCert, options.tlsKey}); !read) {
            return tl::unexpected(Refusal{kFailure, read.error()});
        }
    }
    return keysIn(DataFolder::keysIn(options.data)).and_then([&](const auto& keys) {
        return reachOf(options, *keys).map([&](const Reach& reach) {
            std::cout << fmt::format("All is right: it would listen at {} with the model {}{}.\n",
                                     listeningUrl(options, static_cast<std::uint16_t>(options.port)),
                                     model->id, reach.needsKey ? ", for who has a key" : "");
        });
    });
}

/// What `serve` waits for, whichever comes first.
class Ending {
public:
    void come(int status) {
        const std::scoped_lock lock(m_mutex);
        m_status = m_status.value_or(status);
        m_come.notify_all();
    }
    int wait() {
        std::unique_lock lock(m_mutex);
        m_come.wait(lock, [this] { return m_status.has_value(); });
        return *m_status;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_come;
    std::optional<int> m_status;
};

std::unique_ptr<IdleWatch> idleWatch(const ServeOptions& options, const Gateway& gateway, Ending& ending) {
    if (options.endWhenIdle == 0) {
        return nullptr;
    }
    const auto onIdle = [&ending, minutes = options.endWhenIdle] {
        spdlog::info("Nobody has used the server for {} min", minutes);
        ending.come(kIdle);
    };
    return std::make_unique<IdleWatch>(
        std::chrono::minutes(options.endWhenIdle), kIdlePause, [&gateway] { return gateway.isBusy(); },
        onIdle);
}

std::string statusLine(const protocol::ServerInfo& info) {
    return info.ready
               ? fmt::format("Ready on {}; {} queued, {} running", info.device, info.queued, info.running)
               : "Not ready: " + info.status;
}

/// From the opening of the port to the end; the exit status.
int run(Gateway& gateway, const ServeOptions& options, Ending& ending, std::atomic<IdleWatch*>& uses) {
    if (const auto started = gateway.start(options); !started) {
        return fail(kFailure, started.error().detail);
    }
    if (!options.portFile.empty() &&
        process::writeWhole(options.portFile, std::to_string(gateway.port()) + '\n', {.durably = false}) !=
            0) {
        return fail(kFailure, "The port file " + options.portFile.string() + " could not be written.");
    }
    BackgroundWriter output(STDOUT_FILENO);
    output.write("Listening on " + listeningUrl(options, gateway.port()) + '\n');
    ServiceNotifier service([&gateway] { return gateway.isAlive(); },
                            [&gateway] { return statusLine(gateway.info()); });
    service.ready();
    const auto idle = idleWatch(options, gateway, ending);
    uses = idle.get();

    const int status = ending.wait();
    uses = nullptr;
    service.stopping(std::chrono::seconds(options.drainSeconds));
    spdlog::info("Ending: the running job has {} s to finish; once more to end at once",
                 options.drainSeconds);
    gateway.stop(std::chrono::seconds(options.drainSeconds));
    return status;
}

OrRefusal<int> start(const ServeOptions& options, const Log& log, Ending& ending) {
    const auto models = modelsOf(options);
    const auto model = firstModel(options, *models);
    if (!model) {
        return tl::unexpected(model.error());
    }
    auto data = DataFolder::open(options.data);
    if (!data) {
        return tl::unexpected(Refusal{kFailure, data.error().detail});
    }
    auto keys = keysIn(data->keys());
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    const auto reach = reachOf(options, **keys);
    if (!reach) {
        return tl::unexpected(reach.error());
    }
    warn(options, *reach, *model, *models);
    auto devices = devicesOf(options, models, *data);
    std::atomic<IdleWatch*> uses = nullptr;
    Gateway gateway(std::move(*data), log, std::move(*keys), options, models, std::move(devices), [&uses] {
        if (IdleWatch* const watch = uses) {
            watch->used();
        }
    });
    return run(gateway, options, ending, uses);
}

}  // namespace

bool isEncrypted(const ServeOptions& options) {
    return options.tls || !options.tlsCert.empty();
}

int serve(ServeOptions options) {
    if (options.endWithParent != 0) {
        generator::endWithParent();
        if (::getppid() != options.endWithParent) {
            return kFailure;  // it has gone already
        }
    }
    ::umask(077);  // What people ask for is nobody else's to read, whoever starts the server.
    options.drawing = withDefaults(std::move(options.drawing));
    if (options.data.empty()) {
        options.data = dataFolder();
    }
    if (options.data.empty()) {
        return fail(kWrongArgument,
                    "There is no home folder to keep jobs and pictures in; say where with --data FOLDER.");
    }
    if (const auto own = becomeOwnerOf(options.data); !own) {
        return fail(kFailure, own.error().detail);
    }
    if (options.checkConfig) {
        const auto checked = check(options);
        return checked ? kSuccess : fail(checked.error().status, checked.error().why);
    }
    Ending ending;
    const SignalWatch signals([&ending] { ending.come(kSuccess); });
    const Log log(options.log);
    const auto ended = start(options, log, ending);
    return ended ? *ended : fail(ended.error().status, ended.error().why);
}

}  // namespace easel::commands
