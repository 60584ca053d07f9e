// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_line.h"

#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "server/commands/bench.h"
#include "server/commands/generate.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/models.h"
#include "server/commands/pull.h"
#include "server/commands/serve.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/samplers.h"

namespace easel::commands {

namespace {

constexpr std::size_t kMostDevices = 64;

bool isDevice(std::string_view text) {
    const bool isNumbered = text.starts_with("cuda:") && text.size() > 5 && text.size() < 9 &&
                            text.find_first_not_of("0123456789", 5) == std::string_view::npos;
    return isNumbered || text == "auto" || text == "cpu" || text == "cuda";
}

const CLI::Validator kDevice(
    [](std::string& text) -> std::string {
        return isDevice(text) ? "" : "\"" + text + "\" is none of auto, cpu, cuda, cuda:N";
    },
    "DEVICE");

const CLI::Validator kDevices(
    [](std::string& text) -> std::string {
        const auto names = devicesIn(text);
        for (const std::string& name : names) {
            if (!isDevice(name)) {
                return "\"" + name + "\" is none of auto, cpu, cuda, cuda:N";
            }
        }
        if (names.size() > 1 && std::ranges::count(names, "auto") > 0) {
            return "auto is one device; name each of several, as in cuda:0,cuda:1";
        }
        return names.size() > kMostDevices ? "there can be at most 64 devices" : "";
    },
    "DEVICE,...");

/// `severalDevices`: each is given what there is to do.
void addDrawing(CLI::App& command, Drawing& drawing, bool severalDevices) {
    command
        .add_option("--model", drawing.model,
                    "A model folder in diffusers' layout; the starter model if not given")
        ->check(CLI::ExistingDirectory);
    command
        .add_option("--device", drawing.device,
                    "Where to draw: auto (a GPU if one can be used), cpu, cuda, cuda:N" +
                        std::string(severalDevices ? "; or several, as cuda:0,cuda:1" : ""))
        ->check(severalDevices ? kDevices : kDevice)
        ->capture_default_str();
    command
        .add_option("--precision", drawing.precision,
                    "What to compute in: auto (fp16 on a GPU, fp32 on the CPU), fp32, fp16, bf16")
        ->check(CLI::IsMember({"auto", "fp32", "fp16", "bf16"}))
        ->capture_default_str();
    command
        .add_option("--memory", drawing.memory,
                    "How much memory models and drawings may take on each device, as 12GiB or 500MiB; if not "
                    "given, most of what is free")
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::PositiveNumber);
    command.add_option("--worker", drawing.worker)->group("");  // for tests
}

void addGenerate(CLI::App& app, GenerateOptions& options) {
    auto& command = *app.add_subcommand("generate", "Draw pictures into PNG files, without a server");
    auto& request = options.request;
    protocol::forEachField([&](const auto& row) {
        const std::string_view name = row.name;
        if (name == "model") {
            return;  // here it is a folder: addDrawing
        }
        std::string option = "--" + std::string(name);
        std::ranges::replace(option, '_', '-');
        const std::string choices = name == "sampler" ? ": " + protocol::samplerNames() : "";
        command.add_option(option, row.of(request), row.help + choices)->required(name == "prompt");
    });
    command.add_option("-o,--output", options.output,
                       "The PNG file; with --count 2 or more NAME-0.png, NAME-1.png, …. Not given: a name "
                       "made of the time");
    addDrawing(command, options.drawing, false);
    command.footer("What is not given is chosen by the model.\nEvery file carries its prompt and settings.");
}

void addServe(CLI::App& app, ServeOptions& options) {
    auto& command = *app.add_subcommand("serve", "Draw for the desktop app, browsers and programs over HTTP");
    command.add_option("--bind", options.bind, "The address to listen on")->capture_default_str();
    command.add_option("--port", options.port, "The port to listen on; 0: any free one")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    addDrawing(command, options.drawing, true);
    command
        .add_option("--models", options.models,
                    "A folder of more models that requests may name; can be given several times. The hub's "
                    "cache of this account is looked through, too")
        ->check(CLI::ExistingDirectory);
    command.add_option("--data", options.data,
                       "The folder for jobs and pictures; $XDG_DATA_HOME/easel/server if not given");
    command.add_flag("--allow-insecure", options.allowInsecure,
                     "Listen on an address that others can reach, without encryption and keys");
    command
        .add_option("--drain-seconds", options.drainSeconds,
                    "At the end, how long a running job may go on before it is put back")
        ->check(CLI::Range(0, 3600))
        ->capture_default_str();
    command
        .add_option("--on-restart", options.onRestart,
                    "What becomes of a job that was being drawn when the server was killed: retry draws it "
                    "again, hold keeps it until somebody releases it")
        ->transform(CLI::CheckedTransformer(std::map<std::string, jobs::OnRestart>{
            {"retry", jobs::OnRestart::Retry}, {"hold", jobs::OnRestart::Hold}}))
        ->default_str("retry");
    command
        .add_option("--keep-days", options.keepDays,
                    "For how many days on which it runs it keeps finished jobs and their pictures")
        ->check(CLI::Range(1, 36'500))
        ->capture_default_str();
    command.add_option("--keep-jobs", options.keepJobs, "How many finished jobs at most")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command.add_option("--keep-gib", options.keepGib, "How many GiB of pictures at most")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command
        .add_option(
            "--min-free-mib", options.minFreeMib,
            "How many MiB of the disk with the data stay free: with less, nothing is accepted or drawn")
        ->check(CLI::Range(0, 1'000'000'000))
        ->capture_default_str();
    command
        .add_option(
            "--max-work", options.maxWork,
            "How much one request may ask for, in megapixel-steps (width x height / 1,000,000 x steps "
            "x count, half of it with a guidance of at most 1, double with a sampler that asks the model "
            "twice in a step); if not given, about what this machine "
            "draws in an hour")
        ->check(CLI::PositiveNumber);
    command.add_flag("--no-pull", options.noPull,
                     "Clients cannot have models pulled from the hub, nor removed");
    command.add_option("--end-with-parent", options.endWithParent)->group("");  // for bench
    command.add_option("--port-file", options.portFile, "Write the port into this file once it is open");
    command.add_flag("--test-pattern", options.testPattern)->group("");  // for tests
    command.add_option("--step-ms", options.stepMs)->group("");          // of the test pattern
    command.footer("Ends in order on SIGTERM, SIGHUP and Ctrl-C; a second one ends it at once.");
}

void addBench(CLI::App& app, BenchOptions& options) {
    auto& command = *app.add_subcommand(
        "bench", "Measure how many pictures a server draws, for one client and for many at a time");
    auto* const url = command.add_option("--url", options.url,
                                         "The server, like http://127.0.0.1:5000; if not given, one that is "
                                         "started for it");
    command.add_option("--clients", options.clients, "How many ask at the same time")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command.add_option("--requests", options.requests, "How many pictures are drawn, twice")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command.add_option("--seed", options.seed, "Chooses prompts, samplers, sizes and steps")
        ->capture_default_str();
    command.add_flag("--json", options.json, "Print figures for programs");
    addDrawing(command, options.drawing, true);
    command.get_option("--model")->excludes(url);
    command.add_flag("--test-pattern", options.testPattern)->group("");  // for tests
}

void addCache(CLI::App& command, std::filesystem::path& cache) {
    command.add_option("--cache", cache,
                       "The hub's cache; if not given, where the hub's tools have it (HF_HUB_CACHE)");
}

void addPull(CLI::App& app, PullCommand& options) {
    auto& command = *app.add_subcommand("pull", "Bring a model from the Hugging Face hub, by its name");
    command.add_option("model", options.request.model, "OWNER/NAME")->required();
    command.add_option("--revision", options.request.revision, "A branch, a tag or a commit")
        ->capture_default_str();
    command.add_option("--variant", options.request.variant,
                       "Which weights, as fp16, where the model has several; if not given, the plain ones");
    command
        .add_option("--only", options.only,
                    "Only these parts, as unet,vae; if not given, all that a picture needs")
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_option(
        "--token-file", options.tokenFile,
        "A file with a token of the hub's, for models that ask to be signed in; if not given, HF_TOKEN, "
        "the file at HF_TOKEN_PATH, or the login of \"hf auth login\"");
    addCache(command, options.cache);
    command.add_flag("--json", options.json, "Print progress and the end for programs, a line each");
    command.footer("Interrupted or cut off, the same command goes on where it was.");
}

/// One of the commands below `models`, which each work on `options`.
CLI::App& addModelCommand(CLI::App& models, const char* name, const char* help, ModelsCommand& options,
                          bool hasId) {
    auto& command = *models.add_subcommand(name, help);
    if (hasId) {
        command.add_option("model", options.id, "Its name, as \"models list\" shows it")->required();
    }
    addCache(command, options.cache);
    command.add_option("--models", options.models, "A folder of more models, as for serve")
        ->check(CLI::ExistingDirectory)
        ->allow_extra_args(false);
    return command;
}

void addModels(CLI::App& app, ModelsCommand& options) {
    auto& models = *app.add_subcommand("models", "The models that are here");
    models.require_subcommand(1);
    addModelCommand(models, "list", "What there is", options, false)
        .add_flag("--json", options.json, "Print the list for programs");
    addModelCommand(models, "inspect", "Its family, parts, sizes and licence, and where it lies", options,
                    true);
    addModelCommand(models, "verify", "Compare a pulled model with its hashes", options, true);
    auto& remove = addModelCommand(models, "remove", "Take a pulled model away", options, true);
    remove.add_option("--revision", options.revision, "Only this revision, and what no other has");
    remove.add_flag("--yes", options.yes, "Without asking");
}

int runModels(const CLI::App& models, const ModelsCommand& options) {
    return models.got_subcommand("list")      ? listModels(options)
           : models.got_subcommand("inspect") ? inspectModel(options)
           : models.got_subcommand("verify")  ? verifyModel(options)
                                              : removeModel(options);
}

}  // namespace

int run(int argc, char** argv) {
    CLI::App app("Easel makes pictures from words on your own GPU.", "easel-server");
    app.set_version_flag("--version", std::string("easel-server ") + EASEL_VERSION);
    app.require_subcommand(1);
    GenerateOptions generateOptions;
    ServeOptions serveOptions;
    BenchOptions benchOptions;
    addGenerate(app, generateOptions);
    addServe(app, serveOptions);
    addBench(app, benchOptions);
    PullCommand pullCommand;
    ModelsCommand modelsCommand;
    addPull(app, pullCommand);
    addModels(app, modelsCommand);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kSuccess : kWrongArgument;
    }
    try {
        return app.got_subcommand("serve")    ? serve(serveOptions)
               : app.got_subcommand("bench")  ? bench(benchOptions)
               : app.got_subcommand("pull")   ? pull(pullCommand)
               : app.got_subcommand("models") ? runModels(*app.get_subcommand("models"), modelsCommand)
                                              : generate(generateOptions);
    } catch (const std::exception& error) {
        return fail(kFailure, error.what());
    }
}

}  // namespace easel::commands
