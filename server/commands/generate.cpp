// SPDX-License-Identifier: Apache-2.0
#include "server/commands/generate.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "server/commands/command_line.h"
#include "server/commands/materials.h"
#include "server/commands/messages.h"
#include "server/commands/progress_bar.h"
#include "server/commands/signals.h"
#include "server/commands/worker_libraries.h"
#include "server/generator/worker_process.h"
#include "server/image/drawn.h"
#include "server/models/model_folder.h"
#include "shared/process/files.h"
#include "shared/protocol/passes.h"
#include "shared/protocol/validation.h"

namespace easel::commands {

namespace {

using protocol::Expected;
using protocol::Problem;
using Clock = std::chrono::steady_clock;

/// A problem with a request in the words of the command line.
std::string inFlags(const Problem& problem) {
    if (!problem.field) {
        return problem.detail;
    }
    std::string flag = "--" + *problem.field;
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag + ": " + problem.detail;
}

std::filesystem::path nameOfNow() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::ostringstream name;
    name << std::put_time(&local, "easel-%Y%m%d-%H%M%S.png");
    return name.str();
}

/// Where the pictures go; empty text: no objection.
std::string objection(const std::filesystem::path& output) {
    if (output.extension() != ".png") {
        return fmt::format("--output: {} must end with .png.", output.string());
    }
    const auto folder = output.has_parent_path() ? output.parent_path() : std::filesystem::path(".");
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return fmt::format("--output: pictures cannot be written into the folder {}.", folder.string());
    }
    return {};
}

std::filesystem::path fileOf(const std::filesystem::path& output, int index, int count) {
    if (count == 1) {
        return output;
    }
    auto name = output.stem();
    name += '-';
    name += std::to_string(index);
    name += ".png";
    return output.parent_path() / name;
}

/// The umask decides who may read it.
constexpr process::Writing kForTheUser{.durably = false, .mode = 0666};

/// One run of the command, from a worker that is starting to pictures on the disk. The generator's thread
/// and the signals' thread report to the one that waits.
class Run {
public:
    Run(protocol::GenerationSettings settings, std::vector<generator::Material> materials,
        std::filesystem::path output, const Drawing& drawing)
        : m_settings(std::move(settings)),
          m_output(std::move(output)),
          m_libraries(drawing.worker),
          m_signals([this] { interrupt(); }),
          m_generator({.program = drawing.worker,
                       .model = {m_settings.model, drawing.model},
                       .gather = [materials = std::move(materials)](const auto&) { return materials; },
                       .environment = [this] { return m_libraries.forNextStart(); },
                       .device = drawing.device,
                       .precision = drawing.precision,
                       .memory = drawing.memory,
                       .kernels = kernelsCache(),
                       .keepsTrying = false,
                       .onOutput =
                           [this](const std::string& line) {
                               m_bar.clear();
                               std::cerr << printable(line) << '\n';
                           }}) {}

    int run() {
        m_generator.onStatusChanged([this] { m_changed.notify_all(); });
        if (const auto status = waitUntilReady(); !status.ready) {
            m_bar.clear();
            return m_interrupted ? interrupted() : fail(kFailure, status.message);
        }
        m_bar.clear();
        std::fprintf(stderr, "%s\n", printable(inOneLine(m_generator.status())).c_str());
        for (const std::string& note : m_generator.status().notes) {
            std::fprintf(stderr, "%s\n", printable("Note: " + note).c_str());
        }
        m_startedAt = Clock::now();
        m_generator.submit(kId, m_settings,
                           {.progress = [this](const auto& progress) { m_bar.show(progress); },
                            .image = [this](int index, std::int64_t seed,
                                            const image::Image& picture) { keep(index, seed, picture); },
                            .finished =
                                [this](std::optional<Problem> problem) {
                                    const std::scoped_lock lock(m_mutex);
                                    m_problem = std::move(problem);
                                    m_finished = true;
                                    m_changed.notify_all();
                                }});
        return waitForEnd();
    }

private:
    static constexpr const char* kId = "generate";

    generator::Status waitUntilReady() {
        std::unique_lock lock(m_mutex);
        while (true) {
            const auto status = m_generator.status();
            if (status.ready || status.failed || m_interrupted) {
                return status;
            }
            m_bar.say(printable(status.message));
            // The status is not guarded by this mutex, so a change may come just before the wait.
            m_changed.wait_for(lock, std::chrono::milliseconds(50));
        }
    }

    int waitForEnd() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_finished || m_interrupted; });
        if (!m_finished) {
            m_bar.say("Stopping");
            m_generator.cancel(kId);
            m_changed.wait(lock, [this] { return m_finished; });
        }
        m_bar.clear();
        if (m_failure) {
            return fail(kFailure, *m_failure);
        }
        if (m_problem && m_interrupted) {
            return interrupted();
        }
        return m_problem ? fail(kFailure, m_problem->detail) : kSuccess;
    }

    void keep(int index, std::int64_t seed, const image::Image& picture) {
        auto own = protocol::settingsOf(m_settings, index);
        own.seed = seed;
        const auto bytes = image::encodeDrawn(picture, own);
        const auto file = fileOf(m_output, index, m_settings.count);
        const bool kept = bytes && process::writeWhole(file, *bytes, kForTheUser) == 0;
        const std::scoped_lock lock(m_mutex);
        if (!kept) {
            m_failure = bytes ? file.string() + " could not be written." : bytes.error().detail;
            m_generator.cancel(kId);
            return;
        }
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - m_startedAt).count();
        m_startedAt = now;
        m_bar.clear();
        std::cout << file.string() << "  seed " << seed << "  " << std::fixed << std::setprecision(1)
                  << seconds << " s\n"
                  << std::flush;
    }

    void interrupt() {
        const std::scoped_lock lock(m_mutex);
        m_interrupted = true;
        m_changed.notify_all();
    }

    static int interrupted() { return fail(kInterrupted, "Interrupted."); }

    const protocol::GenerationSettings m_settings;
    const std::filesystem::path m_output;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_interrupted = false;
    bool m_finished = false;
    std::optional<Problem> m_problem;
    std::optional<std::string> m_failure;  // a picture could not be kept
    Clock::time_point m_startedAt{};
    ProgressBar m_bar;
    WorkerLibraries m_libraries;
    SignalWatch m_signals;  // before the threads of what follows
    generator::WorkerProcess m_generator;
};

}  // namespace

int generate(GenerateOptions options) {
    const Drawing drawing = withDefaults(std::move(options.drawing));
    const auto folder = models::openModelFolder(drawing.model);
    if (!folder) {
        return fail(kFailure, folder.error().detail);
    }
    const protocol::ModelInfo& model = folder->info;
    const auto settings =
        protocol::resolve(options.request, model, {}, [] { return std::int64_t{std::random_device()()}; });
    if (!settings) {
        return fail(kWrongArgument, inFlags(settings.error()));
    }
    auto materials = materialsByPlace(*settings, ModelShelf(drawing.model, {}, options.addons));
    if (!materials) {
        return fail(kWrongArgument, inFlags(materials.error()));
    }
    const auto output = options.output.empty() ? nameOfNow() : options.output;
    if (const auto text = objection(output); !text.empty()) {
        return fail(kWrongArgument, text);
    }
    for (const std::string& note : model.notes) {
        std::cerr << printable("Note: " + note) << '\n';
    }
    for (const std::string& word : protocol::unknownWords(settings->prompt, model)) {
        std::cerr << printable(fmt::format("Note: {} has not learned the word \"{}\".", model.title, word))
                  << '\n';
    }
    return Run(*settings, std::move(*materials), output, drawing).run();
}

}  // namespace easel::commands
