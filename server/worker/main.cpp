// SPDX-License-Identifier: Apache-2.0
// easel-worker: draws for one gateway, which started it and talks to it over a socket pair. A thread of
// its own reads the socket, so that a request can be cancelled while another thread draws it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include <CLI/CLI.hpp>

#include "server/diffusion/engine.h"
#include "server/generator/child_process.h"
#include "server/generator/frames.h"
#include "server/worker/inbox.h"
#include "shared/process/standard_streams.h"

namespace {

using namespace easel;

struct Options {
    int socket = -1;
    std::string device = "auto";
    std::string precision = "auto";
    std::string modelId;
    std::string modelFolder;
};

/// Nothing if that is not what the gateway says.
std::optional<Options> parseOptions(int argc, char** argv) {
    Options options;
    CLI::App app;
    app.add_option("--socket-fd", options.socket)->required();
    app.add_option("--device", options.device);
    app.add_option("--precision", options.precision);
    app.add_option("model-id", options.modelId)->required();
    app.add_option("model-folder", options.modelFolder)->required();
    try {
        app.parse(argc, argv);
        return options;
    } catch (const CLI::Error&) {
        return std::nullopt;
    }
}

/// Nothing here outlives the gateway: without it there is nobody to draw for, and nothing to save.
[[noreturn]] void leave() {
    std::_Exit(EXIT_SUCCESS);
}

void readRequests(generator::FrameChannel& channel, worker::Inbox& inbox) {
    while (auto frame = channel.read()) {
        if (!frame->has_value()) {
            break;
        }
        if (auto* request = std::get_if<generator::Generate>(&**frame)) {
            inbox.put(std::move(*request));
        } else if (const auto* cancel = std::get_if<generator::Cancel>(&**frame)) {
            if (inbox.cancel(cancel->id) &&
                !channel.write(generator::Finished{cancel->id, generator::cancelled()})) {
                break;
            }
        }
    }
    leave();
}

void tell(generator::FrameChannel& channel, const generator::Frame& frame) {
    if (!channel.write(frame)) {
        leave();
    }
}

[[noreturn]] void sendHeartbeats(generator::FrameChannel& channel) {
    while (true) {
        tell(channel, generator::Heartbeat());
        std::this_thread::sleep_for(generator::kHeartbeatInterval);
    }
}

void draw(diffusion::Engine& engine, generator::FrameChannel& channel, worker::Inbox& inbox) {
    const generator::Generate request = inbox.take();
    diffusion::Observer observer;
    observer.cancelled = [&] { return inbox.isCancelled(); };
    observer.progress = [&](const protocol::Progress& progress) {
        tell(channel, generator::ProgressMade{request.id, progress});
    };
    observer.image = [&](int index, std::int64_t seed, image::Image picture) {
        tell(channel, generator::Picture{request.id, index, seed, std::move(picture)});
    };
    const auto done = engine.generate(request.settings, observer);
    if (engine.broken()) {
        std::_Exit(EXIT_FAILURE);  // unfinished: the gateway starts another worker and tries again
    }
    tell(channel, generator::Finished{request.id, done ? std::nullopt : std::optional(done.error())});
}

}  // namespace

int main(int argc, char** argv) {
    process::openStandardStreams();
    generator::endWithParent();
    generator::gainNoPrivileges();

    const auto parsed = parseOptions(argc, argv);
    if (!parsed) {
        std::fputs("easel-worker draws for easel-server, which starts it; it is not for use by hand.\n",
                   stderr);
        return 2;
    }
    const Options& options = *parsed;
    generator::FrameChannel channel(options.socket);
    worker::Inbox inbox;
    tell(channel, generator::WorkerStatus{{.message = "Loading the model"}});
    std::thread([&] { readRequests(channel, inbox); }).detach();
    std::thread([&] { sendHeartbeats(channel); }).detach();

    const auto engine = diffusion::Engine::load(options.modelFolder, options.device, options.precision);
    if (!engine) {
        tell(channel, generator::WorkerStatus{{.failed = true, .message = engine.error().detail}});
        std::_Exit(EXIT_FAILURE);
    }
    const std::string& remark = (*engine)->deviceRemark();
    const std::string ready = remark.empty() ? "Ready" : "Ready, but not on the GPU. " + remark;
    tell(channel, generator::WorkerStatus{{true, false, ready, (*engine)->device(), (*engine)->deviceName(),
                                           (*engine)->precision(), (*engine)->notes()}});
    while (true) {
        draw(**engine, channel, inbox);
    }
}
