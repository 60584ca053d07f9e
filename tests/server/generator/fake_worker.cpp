// SPDX-License-Identifier: Apache-2.0
// Stands in for easel-worker: draws the test pattern, and misbehaves on request. The model folder's name
// says how it behaves from the start, the prompt how it behaves while it draws:
//
//   model   exits       ends at once            prompt   crash       dies at the second step
//           refused     cannot use the model             garbage     sends what is no frame
//           deaf        ignores every wish to end        slow        takes 20 ms for each step
//           slow-start  takes 300 ms to load             slow:N      takes N ms
//           endless     loads for ever                   once:FILE   dies unless FILE exists, and makes it
//           environment says what it was given           stuck       stays in the second step for ever
//           on-cpu      leaves an NVIDIA device alone
//                                                        stop        stops its whole process there
//                                                        stop-after  … when it is done
//                                                        print:TEXT  prints TEXT
//                                                        materials   prints what lies beside the model
//                                                        too large   sends previews of no size that may be
//
// It has one device, cpu. "exits" and "refused" are mended by a file beside the model, MODEL.mended; each
// refusal adds a byte to MODEL.starts.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "server/generator/child_process.h"
#include "server/generator/frames.h"
#include "server/generator/test_pattern.h"

using namespace easel;
using namespace easel::generator;
using namespace std::chrono_literals;

namespace {

class Worker {
public:
    Worker(int socket, std::string device, const std::filesystem::path& model)
        : m_socket(socket),
          m_channel(socket),
          m_device(std::move(device)),
          m_folder(model),
          m_model(model.filename()) {}

    static bool isMended(const std::filesystem::path& model) {
        return std::filesystem::exists(model.string() + ".mended");
    }

    int run() {
        tell(false, false, "Loading the model");
        std::thread([this] {
            while (true) {
                send(Heartbeat());
                std::this_thread::sleep_for(20ms);
            }
        }).detach();
        while (m_model == "endless") {
            std::this_thread::sleep_for(1s);
        }
        if (m_device.starts_with("cuda")) {
            tell(false, true, "There is no such GPU.");
            return 1;
        }
        if (m_model == "refused" && !isMended(m_folder)) {
            std::ofstream(m_folder.string() + ".starts", std::ios::app) << '.';
            tell(false, true, "The model cannot be used: it is refused.");
            return 1;
        }
        if (m_model == "deaf") {
            std::signal(SIGTERM, SIG_IGN);
        }
        if (m_model == "slow-start") {
            std::this_thread::sleep_for(300ms);
        }
        tell(true, false, m_model == "environment" ? environment() : "Ready");
        while (auto frame = m_channel.read().value_or(std::nullopt)) {
            if (const auto* cancel = std::get_if<Cancel>(&*frame)) {
                const std::scoped_lock lock(m_mutex);
                m_cancelled.insert(cancel->id);
            } else if (auto* wish = std::get_if<Generate>(&*frame)) {
                std::thread([this, wish = std::move(*wish)] { draw(wish); }).detach();
            }
        }
        while (m_model == "deaf") {
            std::this_thread::sleep_for(1s);
        }
        std::_Exit(0);  // The drawing threads go with the process.
    }

private:
    static std::string environment() {
        std::string all = "\n";
        for (char** each = environ; *each != nullptr; ++each) {
            all += std::string(*each) + "\n";
        }
        return all;
    }

    void tell(bool ready, bool failed, const std::string& message) {
        const auto notes = ready && m_model == "odd" ? std::vector<std::string>{"Something is idle."}
                                                     : std::vector<std::string>();
        Status status{ready, failed, message, "cpu", "Fake", "fp32", notes};
        if (ready && m_model == "on-cpu") {
            status.warning = "The NVIDIA device has no driver.";
        }
        static_cast<void>(m_channel.write(WorkerStatus{std::move(status)}));
    }

    void draw(const Generate& wish) {
        const auto& settings = wish.settings;
        const std::string& prompt = settings.prompt;
        protocol::Progress progress;
        progress.stage = protocol::Stage::Denoising;
        progress.steps = settings.steps * settings.count;
        for (int index = 0; index < settings.count; ++index) {
            for (int step = 0; step < settings.steps; ++step) {
                if (prompt.starts_with("slow")) {
                    const auto time = prompt.starts_with("slow:") ? std::stoi(prompt.substr(5)) : 20;
                    std::this_thread::sleep_for(std::chrono::milliseconds(time));
                }
                if (isCancelled(wish.id)) {
                    return send(Finished{wish.id, cancelled()});
                }
                ++progress.step;
                send(ProgressMade{wish.id, progress});
                if (isPreviewDue(settings, step + 1)) {
                    show(wish, index, step + 1);
                }
                if (progress.step == 2) {
                    misbehave(wish);
                }
            }
            const std::int64_t seed = settings.seed + index;
            send(Picture{wish.id, index, seed, testPattern(settings.width, settings.height, seed)});
        }
        send(Finished{wish.id, {}});
        if (prompt == "stop-after") {
            std::raise(SIGSTOP);
        }
    }

    void show(const Generate& wish, int index, int step) {
        const auto& settings = wish.settings;
        const int side = settings.prompt == "too large" ? protocol::kMaxPreviewSide + 1 : settings.width;
        const PreviewMade made{
            wish.id,
            {index, step, settings.steps, testPattern(side, settings.height, settings.seed + index)}};
        send(made);
    }

    void misbehave(const Generate& wish) {
        const std::string& prompt = wish.settings.prompt;
        if (prompt == "crash") {
            std::raise(SIGKILL);
        } else if (prompt == "garbage") {
            static_cast<void>(::write(m_socket, "This is not a frame, I am afraid.", 33));
        } else if (prompt == "stuck") {
            std::this_thread::sleep_for(24h);
        } else if (prompt == "stop") {
            std::raise(SIGSTOP);
        } else if (prompt.starts_with("print:")) {
            std::fputs(prompt.substr(6).c_str(), stderr);
        } else if (prompt == "materials") {
            for (const Material& each : wish.materials.others) {
                std::cerr << toString(each.kind) << ' ' << each.name << ' ' << each.path.string() << '\n';
            }
        } else if (prompt.starts_with("once:")) {
            const std::filesystem::path mark = prompt.substr(5);
            if (!std::filesystem::exists(mark)) {
                std::ofstream(mark).flush();
                std::raise(SIGKILL);
            }
        }
    }

    bool isCancelled(const std::string& id) {
        const std::scoped_lock lock(m_mutex);
        return m_cancelled.contains(id);
    }

    void send(const Frame& frame) { static_cast<void>(m_channel.write(frame)); }

    int m_socket;
    FrameChannel m_channel;
    std::string m_device;
    std::filesystem::path m_folder;
    std::string m_model;
    std::mutex m_mutex;
    std::set<std::string> m_cancelled;
};

}  // namespace

int main(int argc, char** argv) {
    endWithParent();
    if (argc < 6) {
        return 2;
    }
    const std::filesystem::path model = argv[argc - 1];
    if (model.filename() == "exits" && !Worker::isMended(model)) {
        return 3;
    }
    return Worker(std::stoi(argv[2]), argv[4], model).run();
}
