// SPDX-License-Identifier: Apache-2.0
#include "server/commands/serve.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "server/commands/background_writer.h"
#include "server/commands/command_line.h"
#include "server/commands/data_folder.h"
#include "server/commands/gateway.h"
#include "server/commands/log.h"
#include "server/commands/messages.h"
#include "server/commands/model_shelf.h"
#include "server/commands/pair.h"
#include "server/commands/reach.h"
#include "server/commands/signals.h"
#include "server/generator/child_process.h"
#include "server/generator/device_pool.h"
#include "server/generator/test_pattern.h"
#include "server/generator/worker_process.h"
#include "server/keys/key_store.h"
#include "shared/process/files.h"
#include "shared/protocol/work.h"

namespace easel::commands {

namespace {

using protocol::Expected;

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
    return std::make_shared<ModelShelf>(options.drawing.model, std::move(places));
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
        .device = names[index],
        .precision = drawing.precision,
        .memory = drawing.memory,
        .sharers = static_cast<int>(std::ranges::count(names, names[index])),
        .widths = data.widths(index),
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

/// From the opening of the port until `wait` returns; the exit status.
int run(Gateway& gateway, const ServeOptions& options, const std::function<void()>& wait) {
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

    wait();
    spdlog::info("Ending: the running job has {} s to finish; once more to end at once",
                 options.drainSeconds);
    gateway.stop(std::chrono::seconds(options.drainSeconds));
    return kSuccess;
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
    const auto models = modelsOf(options);
    const auto model =
        testPatternIn(options.drawing.model) ? models->find({}) : infoIn(options.drawing.model);
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
    auto keys = keys::KeyStore::open(data->keys(), {.log = [](const auto& text) { spdlog::error(text); }});
    if (!keys) {
        return fail(kFailure, keys.error().detail);
    }
    const Reach reach{.address = options.bind,
                      .hasKeys = (*keys)->hasLiving(),
                      .needsKey = options.requireKey || (*keys)->hasLiving(),
                      .isEncrypted = isEncrypted(options)};
    if (!canBeReachedSafely(reach) && !options.allowInsecure) {
        return fail(kWrongArgument, howToBeSafe(reach));
    }

    std::promise<void> ended;
    const SignalWatch signals([&ended] { ended.set_value(); });
    const Log log;
    warn(options, reach, *model, *models);
    auto devices = devicesOf(options, models, *data);
    Gateway gateway(std::move(*data), log, std::move(*keys), options.requireKey, models, std::move(devices),
                    options.maxWork);
    return run(gateway, options, [&ended] { ended.get_future().wait(); });
}

}  // namespace easel::commands
