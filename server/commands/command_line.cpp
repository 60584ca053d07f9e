// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_line.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

#include "server/commands/bench.h"
#include "server/commands/generate.h"
#include "server/commands/keys.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/models.h"
#include "server/commands/pair.h"
#include "server/commands/pull.h"
#include "server/commands/serve.h"
#include "server/http/proxy.h"
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

const CLI::Validator kFolderOrPattern(
    [](std::string& text) -> std::string {
        std::error_code error;
        return testPatternIn(text) || std::filesystem::is_directory(text, error)
                   ? ""
                   : "\"" + text + "\" is neither a folder nor test-pattern[:MS]";
    },
    "DIR");

/// A server may draw on several devices, and without a model.
void addDrawing(CLI::App& command, Drawing& drawing, bool forServer) {
    auto* const model = command.add_option(
        "--model", drawing.model,
        "A model folder in diffusers' layout; the starter model if not given" +
            std::string(forServer
                            ? ". test-pattern[:MS] draws coloured waves without a model, MS milliseconds a "
                              "step, for trying things out"
                            : ""));
    model->check(forServer ? kFolderOrPattern : CLI::Validator(CLI::ExistingDirectory));
    command
        .add_option("--device", drawing.device,
                    "Where to draw: auto (a GPU if one can be used), cpu, cuda, cuda:N" +
                        std::string(forServer ? "; or several, as cuda:0,cuda:1" : ""))
        ->check(forServer ? kDevices : kDevice)
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
    command.add_option("--worker", drawing.worker,
                       "The easel-worker program; the one beside this program if not given");
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

void addTls(CLI::App& command, ServeOptions& options) {
    auto* const own =
        command.add_flag("--tls", options.tls,
                         "Speak HTTPS, with a certificate of the server's own: made at the first "
                         "start, kept in the data folder, its fingerprint in the log");
    auto* const certificate = command.add_option(
        "--tls-cert", options.tlsCert,
        "Speak HTTPS, with this certificate: a PEM file, read again when it changes. Needs --tls-key");
    auto* const key = command.add_option("--tls-key", options.tlsKey, "The key of --tls-cert, a PEM file");
    certificate->needs(key)->excludes(own);
    key->needs(certificate);
}

/// Who reaches it, how, and who comes in.
void addDoors(CLI::App& command, ServeOptions& options) {
    command.add_option("--bind", options.bind, "The address to listen on")->capture_default_str();
    command.add_option("--port", options.port, "The port to listen on; 0: any free one")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    addTls(command, options);
    command
        .add_option("--public-url", options.publicUrl,
                    "Where people reach the server through a proxy, as https://pictures.example.org/easel")
        ->check([](const std::string& text) {
            const auto url = http::parsePublicUrl(text);
            return url ? "" : url.error();
        });
    command
        .add_option(
            "--trusted-proxy", options.trustedProxies,
            "An address or network (10.0.0.0/8) of proxies whose X-Forwarded-For, -Host and -Proto are "
            "believed; can be given several times")
        ->check([](const std::string& text) {
            const auto proxies = http::TrustedProxies::parse({text});
            return proxies ? "" : proxies.error();
        });
    command.add_flag("--allow-insecure", options.allowInsecure,
                     "Listen on an address that others can reach, even without encryption or keys");
    command.add_flag(
        "--require-key", options.requireKey,
        "Let nobody in without a key, even while there is none; without this the first key that is "
        "made has the same effect");
}

/// What is kept, and for how long.
void addKeeping(CLI::App& command, ServeOptions& options) {
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
}

void addServe(CLI::App& app, ServeOptions& options) {
    auto& command = *app.add_subcommand("serve", "Draw for the desktop app, browsers and programs over HTTP");
    addDoors(command, options);
    addDrawing(command, options.drawing, true);
    command
        .add_option("--models", options.models,
                    "A folder of more models that requests may name; can be given several times. The hub's "
                    "cache of this account is looked through, too")
        ->check(CLI::ExistingDirectory);
    command.add_option("--data", options.data,
                       "The folder for jobs and pictures; $XDG_DATA_HOME/easel/server if not given");
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
    addKeeping(command, options);
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
    // Earlier names of --model test-pattern:MS, for scripts that have them.
    command.add_flag_callback("--test-pattern", [&options] { options.drawing.model = "test-pattern"; })
        ->group("");
    command
        .add_option_function<int>(
            "--step-ms", [&options](int ms) { options.drawing.model = "test-pattern:" + std::to_string(ms); })
        ->group("");
    command.add_option("--port-file", options.portFile, "Write the port into this file once it is open");
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
}

const std::map<std::string, protocol::KeyScope> kScopes{{"generate", protocol::KeyScope::Generate},
                                                        {"admin", protocol::KeyScope::Admin}};

void addKeys(CLI::App& app, KeysOptions& options) {
    auto& keys = *app.add_subcommand("keys", "Say who may come in: make, list and revoke keys");
    keys.require_subcommand(1);
    keys.footer("A server that runs takes up what is changed within a second.");
    const auto addCommand = [&](const char* name, const char* help, KeysOptions::Action action) {
        auto* const command = keys.add_subcommand(name, help);
        command->add_option("--data", options.data,
                            "The server's data folder; $XDG_DATA_HOME/easel/server if not given");
        command->add_flag("--json", options.json, "Print it for programs");
        command->callback([&options, action] { options.action = action; });
        return command;
    };
    auto& create = *addCommand("create", "Make a key and print it, this once", KeysOptions::Action::Create);
    create.add_option("name", options.name, "Whose it is, or of which device")->required();
    create
        .add_option("--scope", options.scope,
                    "What it allows: generate (drawing, and its own jobs) or admin (everything)")
        ->transform(CLI::CheckedTransformer(kScopes))
        ->default_str("generate");
    create
        .add_option("--rate", options.jobsPerMinute,
                    "How many jobs it may hand in a minute; as many as it likes if not given")
        ->check(CLI::Range(1, protocol::kMaxJobsPerMinute));
    auto& list = *addCommand("list", "Show the keys, but not their secrets", KeysOptions::Action::List);
    list.add_flag("--all", options.all, "Also those that were revoked");
    auto& revoke = *addCommand("revoke", "End a key at once", KeysOptions::Action::Revoke);
    revoke.add_option("key", options.name, "Its name or id")->required();
}

void addPair(CLI::App& app, PairOptions& options) {
    auto& command = *app.add_subcommand("pair", "Let another device in: print a code for it, good once");
    command.add_option("--data", options.data,
                       "The data folder of the server that runs; $XDG_DATA_HOME/easel/server if not given");
    command
        .add_option("--address", options.address,
                    "How the device reaches the server, as https://192.168.1.20:5000; if not given, as the "
                    "server says")
        ->check([](const std::string& text) {
            const auto url = http::parsePublicUrl(text);
            return url ? "" : url.error();
        });
    command
        .add_option("--scope", options.scope,
                    "What the device may: generate (drawing, and its own jobs) or admin (everything)")
        ->transform(CLI::CheckedTransformer(kScopes))
        ->default_str("generate");
    command.add_flag("--json", options.json, "Print it for programs");
    command.footer("The device gets a key of its own, which \"keys list\" shows and \"keys revoke\" ends.");
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
    KeysOptions keysOptions;
    PairOptions pairOptions;
    addKeys(app, keysOptions);
    addPair(app, pairOptions);
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
               : app.got_subcommand("keys")   ? keys(keysOptions)
               : app.got_subcommand("pair")   ? pair(pairOptions)
               : app.got_subcommand("pull")   ? pull(pullCommand)
               : app.got_subcommand("models") ? runModels(*app.get_subcommand("models"), modelsCommand)
                                              : generate(generateOptions);
    } catch (const std::exception& error) {
        return fail(kFailure, error.what());
    }
}

}  // namespace easel::commands
