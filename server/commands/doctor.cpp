// SPDX-License-Identifier: Apache-2.0
#include "server/commands/doctor.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "server/commands/command_line.h"
#include "server/commands/config_file.h"
#include "server/commands/doctor_places.h"
#include "server/commands/doctor_port.h"
#include "server/commands/messages.h"
#include "server/commands/progress_bar.h"
#include "server/commands/serve_options.h"
#include "server/commands/worker_libraries.h"
#include "server/doctor/machine.h"
#include "server/doctor/proofs.h"
#include "server/doctor/report.h"
#include "server/http/descriptors.h"
#include "server/models/memory.h"
#include "server/models/memory_table.h"
#include "server/models/model_folder.h"
#include "shared/protocol/validation.h"

namespace easel::commands {

namespace {

using doctor::Finding;
using doctor::State;

constexpr int kSteps = 15;                // enough to bring out what adds up from step to step
constexpr const char* kSampler = "ddim";  // magnifies rounding least, and draws no noise of its own
constexpr std::int64_t kSeed = 1;         // the same picture on all machines
constexpr int kBytesInFull = 4;           // of a number, as on the CPU
constexpr int kBytesInHalf = 2;           // as on a GPU

std::size_t terminalWidth() {
    constexpr std::size_t kUsual = 100;
    constexpr std::size_t kLeast = 60;
    winsize size{};
    const bool isKnown = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return isKnown ? std::clamp<std::size_t>(size.ws_col, kLeast, kUsual) : kUsual;
}

/// The picture that every device draws.
protocol::Expected<protocol::GenerationSettings> pictureOf(const std::filesystem::path& folder) {
    return models::openModelFolder(folder).and_then([](const models::ModelFolder& model) {
        protocol::GenerationRequest request;
        request.prompt = model.info.examplePrompts.empty() ? "fox" : model.info.examplePrompts.front();
        request.steps = kSteps;
        request.seed = kSeed;
        request.sampler = kSampler;
        return protocol::resolve(request, model.info, {}, [] { return kSeed; });
    });
}

/// Bytes that it is calculated to take, with the model's weights; 0 where the model does not say.
std::int64_t memoryOf(const std::filesystem::path& folder, const protocol::GenerationSettings& settings,
                      const std::string& precision) {
    const auto model = models::openModelFolder(folder);
    const auto numbers = model.and_then(models::countWeights);
    if (!numbers) {
        return 0;
    }
    const auto memory =
        models::memoryFor(*model, *numbers, settings, precision == "fp32" ? kBytesInFull : kBytesInHalf);
    return memory.weights + memory.drawing;
}

void append(std::vector<Finding>& all, std::vector<Finding> more) {
    std::ranges::move(more, std::back_inserter(all));
}

/// What there is to draw on, as findings. Nothing where no worker can be started. One that breaks when it
/// looks for GPUs may still draw on the CPU.
std::optional<generator::Inventory> examineDevices(const doctor::Examiner& examiner, std::int64_t numbers,
                                                   std::vector<Finding>& findings) {
    const auto nvidia = generator::findNvidia();
    findings.push_back(doctor::judgeDriver(nvidia));
    auto inventory = examiner.list();
    if (!inventory) {
        const doctor::Trouble& trouble = inventory.error();
        findings.push_back(
            {trouble.isMissing ? "libtorch" : "Devices", State::Wrong, trouble.found, trouble.cure});
        return trouble.isMissing ? std::nullopt : std::optional(doctor::cpuAlone());
    }
    findings.push_back(doctor::judgeLibtorch(*inventory, nvidia));
    findings.push_back(doctor::judgeCuda(*inventory, nvidia));
    append(findings, doctor::judgeDevices(*inventory, numbers * kBytesInHalf));
    return std::move(*inventory);
}

/// The names that an inventory has; empty: all.
std::vector<std::string> wantedDevices(const std::string& list) {
    if (list == "auto") {
        return {};
    }
    auto names = devicesIn(list);
    std::ranges::replace(names, std::string("cuda"), std::string("cuda:0"));
    return names;
}

/// What is looked at.
struct Subject {
    ServeOptions server;          ///< with its defaults put in
    std::filesystem::path proof;  ///< the model to draw with
};

std::vector<doctor::TrialResult> draw(const Subject& subject, const doctor::Examiner& examiner,
                                      const generator::Inventory& inventory, std::vector<Finding>& findings) {
    const auto wanted = wantedDevices(subject.server.drawing.device);
    for (const std::string& name : wanted) {
        if (std::ranges::count(inventory.devices, name, &generator::ListedDevice::device) == 0) {
            findings.push_back({name, State::Wrong, "There is no such device.",
                                inventory.problem.empty() ? "Leave --device out to see all that there are."
                                                          : inventory.problem});
        }
    }
    const auto settings = pictureOf(subject.proof);
    if (!settings) {
        findings.push_back({"Drawing", State::Wrong, settings.error().detail,
                            "Install the starter model, or say another model to draw with: --draw DIR."});
        return {};
    }
    auto trials = doctor::trialsFor(inventory, wanted);
    for (doctor::Trial& trial : trials) {
        trial.memory = memoryOf(subject.proof, *settings, trial.precision);
    }
    ProgressBar bar;
    auto results =
        doctor::makeTrials(examiner, trials, subject.proof, *settings, [&bar](const doctor::Trial& trial) {
            bar.say(fmt::format("Drawing on {} in {}", trial.device, trial.precision));
        });
    bar.clear();
    return results;
}

doctor::Report examine(const Subject& subject, std::chrono::seconds limit) {
    const ServeOptions& server = subject.server;
    WorkerLibraries libraries(server.drawing.worker);
    const doctor::Examiner examiner(server.drawing.worker, limit,
                                    [&libraries] { return libraries.forNextStart(); });
    doctor::Report report{EASEL_VERSION, {}, {}};
    auto models = judgeModels(server.drawing.model, server.models, hubCache());
    const auto inventory = examineDevices(examiner, models.numbers, report.findings);
    report.findings.push_back(doctor::judgeMemory(process::memoryOfMachine(), models.numbers * kBytesInFull));
    append(report.findings, std::move(models.findings));
    report.findings.push_back(judgeDataFolder(server.data));
    report.findings.push_back(judgeDisk(server.data, std::int64_t{server.minFreeMib} * 1024 * 1024));
    report.findings.push_back(judgePort(server.bind, server.port));
    report.findings.push_back(doctor::judgeClock(doctor::readClock(), EASEL_BUILD_YEAR));
    report.findings.push_back(doctor::judgeDescriptors(http::raiseDescriptorLimit()));
    if (inventory) {
        report.trials = draw(subject, examiner, *inventory, report.findings);
    }
    return report;
}

/// The file that says how a server is to run; empty: none does.
std::filesystem::path configOf(const DoctorOptions& options) {
    const bool isServices = options.config.empty() && options.data.empty() && isForService();
    return isServices ? kServiceConfig : options.config;
}

/// The server that would run here. Failure: a sentence.
tl::expected<ServeOptions, std::string> serverOf(const DoctorOptions& options) {
    ServeOptions server;
    if (const auto config = configOf(options); !config.empty()) {
        CLI::App judge;
        addServe(judge, server);
        if (const auto read = withSettings(judge, {"serve"}, config); !read) {
            return tl::unexpected(read.error());
        }
    }
    const auto take = [](auto& into, const auto& given) { into = given.value_or(into); };
    take(server.drawing.model, options.model);
    take(server.drawing.worker, options.worker);
    take(server.drawing.device, options.device);
    take(server.bind, options.bind);
    take(server.port, options.port);
    server.models.insert(server.models.end(), options.models.begin(), options.models.end());
    if (testPatternIn(server.drawing.model)) {
        server.drawing.model.clear();
    }
    server.drawing = withDefaults(std::move(server.drawing));
    return administeredData(options.data, options.config).map([&](std::filesystem::path data) {
        server.data = std::move(data);
        return server;
    });
}

}  // namespace

void addDoctor(CLI::App& app, DoctorOptions& options) {
    auto& command = *app.add_subcommand(
        "doctor", "Look whether this machine can draw and serve, and say what to do where it cannot");
    command.add_flag("--json", options.json, "Print it for programs, one JSON object");
    command.add_flag(
        "--memory", options.memory,
        "Only print what published models take of a GPU's memory, by calculation: a table of each "
        "family");
    command
        .add_option("--draw", options.proof,
                    "The model that every device draws with; the starter model if not given, which is small, "
                    "for the CPU draws the picture too that the others are compared with")
        ->check(CLI::ExistingPath);
    command
        .add_option("--limit", options.limit,
                    "How many seconds one picture may take before it counts as hanging")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    auto* const data = command.add_option(
        "--data", options.data,
        "The server's data folder; if not given, that of the installed service for root, and "
        "$XDG_DATA_HOME/easel/server for others");
    command
        .add_option("--config", options.config,
                    "The server's file of options; that of the installed service for root if not given")
        ->check(CLI::ExistingFile)
        ->excludes(data);
    auto& server = *command.add_option_group("server", "As for serve; what is not given stands in its file");
    server.add_option("--model", options.model, "The model that it draws with")->check(CLI::ExistingPath);
    server.add_option("--models", options.models, "A folder of more models; can be given several times")
        ->check(CLI::ExistingDirectory)
        ->allow_extra_args(false);
    server
        .add_option(
            "--device", options.device,
            "Where to draw besides the CPU: auto (on all that there is), cpu, cuda, cuda:N, or several")
        ->check([](const std::string& text) { return objectionToDevices(text); });
    server.add_option("--bind", options.bind, "The address that it listens on");
    server.add_option("--port", options.port, "The port that it listens on")->check(CLI::Range(0, 65535));
    server.add_option("--worker", options.worker,
                      "The easel-worker program; the one beside this program if not given");
    command.footer(
        "Ends with 0 when all is right, warnings included, and with 1 when something must be mended.");
}

int doctor(const DoctorOptions& options) {
    if (options.memory) {
        for (const std::string& line : models::memoryTable()) {
            std::cout << line << '\n';
        }
        return kSuccess;
    }
    auto server = serverOf(options);
    if (!server) {
        return fail(kWrongArgument, server.error());
    }
    const Subject subject{std::move(*server), options.proof.empty() ? findStarterModel() : options.proof};
    const doctor::Report report = examine(subject, std::chrono::seconds(options.limit));
    if (options.json) {
        std::cout << jsonOf(report) << '\n';
    } else {
        for (const std::string& line : tableOf(report, terminalWidth())) {
            std::cout << printable(line) << '\n';
        }
    }
    std::cout << std::flush;
    return worstOf(report) == State::Wrong ? kFailure : kSuccess;
}

}  // namespace easel::commands
