// SPDX-License-Identifier: Apache-2.0
// easel-worker: draws for one gateway, which started it and talks to it over a socket pair: what one thread
// reads, another draws, step by step, and tells of. With --list, --prove or --examine-kernels it is
// examined instead.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include "server/diffusion/engine.h"
#include "server/generator/child_process.h"
#include "server/generator/frames.h"
#include "server/worker/examination.h"
#include "shared/process/standard_streams.h"

namespace {

using namespace easel;

struct Options {
    int socket = -1;
    diffusion::EngineOptions engine;
    generator::ModelPlace model;
    bool list = false;
    bool prove = false;
    std::vector<std::string> examined;
};

/// Nothing if that is not what the gateway says.
std::optional<Options> parseOptions(int argc, char** argv) {
    Options options;
    CLI::App app;
    app.add_option("--socket-fd", options.socket)->required();
    app.add_option("--device", options.engine.device);
    app.add_option("--precision", options.engine.precision);
    app.add_option("--memory", options.engine.memory);
    app.add_option("--sharers", options.engine.sharers);
    app.add_option("--widths", options.engine.widths);
    auto* const list = app.add_flag("--list", options.list);
    auto* const prove = app.add_flag("--prove", options.prove)->excludes(list);
    app.add_option("--kernels", options.engine.kernels);
    app.add_option("--examine-kernels", options.examined)->excludes(list)->excludes(prove);
    app.add_option("model-id", options.model.id);
    auto* const folder = app.add_option("model-folder", options.model.folder);
    try {
        app.parse(std::vector<std::string>(std::make_reverse_iterator(argv + argc),
                                           std::make_reverse_iterator(argv + 1)));
        const bool needsModel = !options.list && !options.prove && options.examined.empty();
        return needsModel == (folder->count() > 0) ? std::optional(options) : std::nullopt;
    } catch (const CLI::Error&) {
        return std::nullopt;
    }
}

/// Nothing here outlives the gateway: without it there is nobody to draw for, and nothing to save.
[[noreturn]] void leave() {
    std::_Exit(EXIT_SUCCESS);
}

void tell(generator::FrameChannel& channel, const generator::Frame& frame) {
    if (!channel.write(frame)) {
        leave();
    }
}

/// Hands on what the gateway asks for, from a thread of its own.
void readRequests(generator::FrameChannel& channel, diffusion::Engine& engine) {
    const auto observe = [&channel](const std::string& id) {
        return generator::Observer{
            .progress =
                [&channel, id](const auto& made) {
                    tell(channel, generator::ProgressMade{id, made});
                },
            .image =
                [&channel, id](int index, std::int64_t seed, image::Image picture) {
                    tell(channel, generator::Picture{id, index, seed, std::move(picture)});
                },
            .finished =
                [&channel, id](auto problem) {
                    tell(channel, generator::Finished{id, std::move(problem)});
                },
            .preview =
                [&channel, id](generator::Preview preview) {
                    tell(channel, generator::PreviewMade{id, std::move(preview)});
                }};
    };
    while (auto frame = channel.read()) {
        if (!frame->has_value()) {
            break;
        }
        if (auto* wish = std::get_if<generator::Generate>(&**frame)) {
            engine.submit(wish->id, wish->materials, wish->settings, observe(wish->id));
        } else if (const auto* cancel = std::get_if<generator::Cancel>(&**frame)) {
            engine.cancel(cancel->id);
        } else if (const auto* load = std::get_if<generator::Load>(&**frame)) {
            engine.load({load->model, load->folder});
        } else if (const auto* unload = std::get_if<generator::Unload>(&**frame)) {
            engine.unload(unload->model);
        }
    }
    leave();
}

/// Also of an engine that is still being opened, and then null.
[[noreturn]] void sendHeartbeats(generator::FrameChannel& channel,
                                 const std::atomic<diffusion::Engine*>& engine) {
    while (true) {
        const diffusion::Engine* const opened = engine;
        const auto tally = opened != nullptr ? opened->tally() : generator::Tally();
        tell(channel, generator::Heartbeat{tally.passes, tally.drawn});
        std::this_thread::sleep_for(generator::kHeartbeatInterval);
    }
}

[[noreturn]] void refuse(generator::FrameChannel& channel, const std::string& why) {
    tell(channel, generator::WorkerStatus{{.failed = true, .message = why}});
    std::_Exit(EXIT_FAILURE);
}

/// Tells of the engine, as soon as it holds the first model; without that one nothing is drawn.
void tellStatus(generator::FrameChannel& channel, const diffusion::Engine& engine, const std::string& first,
                bool& isReady) {
    const generator::Status status = engine.status();
    if (!isReady) {
        const auto model = std::ranges::find(status.models, first, &generator::ModelStatus::id);
        if (model == status.models.end() || model->state == protocol::ModelState::Loading) {
            return;
        }
        if (model->state == protocol::ModelState::Failed) {
            refuse(channel, model->message);
        }
        isReady = true;
    }
    tell(channel, generator::WorkerStatus{status});
}

}  // namespace

int main(int argc, char** argv) {
    process::openStandardStreams();
    generator::endWithParent();
    generator::gainNoPrivileges();

    const auto options = parseOptions(argc, argv);
    if (!options) {
        std::fputs("easel-worker draws for easel-server, which starts it; it is not for use by hand.\n",
                   stderr);
        return 2;
    }
    generator::FrameChannel channel(options->socket);
    if (options->list || options->prove || !options->examined.empty()) {
        const auto& [device, precision] = std::tie(options->engine.device, options->engine.precision);
        const int status = options->list    ? worker::list(channel)
                           : options->prove ? worker::prove(channel, device, precision)
                                            : worker::examineKernels(device, precision, options->examined);
        std::_Exit(status);  // libraries of drivers do not always end well
    }
    tell(channel, generator::WorkerStatus{{.message = "Loading the model"}});
    std::atomic<diffusion::Engine*> drawing = nullptr;
    std::thread([&] { sendHeartbeats(channel, drawing); }).detach();

    const auto opened = diffusion::Engine::open(options->engine);
    if (!opened) {
        refuse(channel, opened.error().detail);
    }
    diffusion::Engine& engine = **opened;
    drawing = &engine;
    bool isReady = false;
    engine.onStatusChanged([&] { tellStatus(channel, engine, options->model.id, isReady); });
    engine.load(options->model);
    std::thread([&] { readRequests(channel, engine); }).detach();
    while (!engine.broken()) {
        engine.step();
    }
    std::_Exit(EXIT_FAILURE);  // The gateway starts another worker and tries again.
}
