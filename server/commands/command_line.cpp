// SPDX-License-Identifier: Apache-2.0
#include "server/commands/command_line.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "server/commands/bench.h"
#include "server/commands/config_file.h"
#include "server/commands/doctor.h"
#include "server/commands/drawing_options.h"
#include "server/commands/generate.h"
#include "server/commands/keys.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/models.h"
#include "server/commands/pair.h"
#include "server/commands/pull.h"
#include "server/commands/serve.h"
#include "server/commands/setup.h"
#include "server/http/proxy.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/samplers.h"

namespace easel::commands {

namespace {

/// Reads a list as its text form has it.
template <typename List>
std::function<void(const std::string&)> listReader(List& list) {
    return [&list](const std::string& text) {
        if (!protocol::read(text, list)) {
            throw CLI::ValidationError("\"" + text + "\" is not of the form that --help tells");
        }
    };
}

/// Here what a server knows by a name is a file.
std::string nameOnDisk(std::string_view field, const std::string& help) {
    constexpr std::string_view kFiles[] = {"init_image", "mask", "refiner"};
    constexpr std::string_view kAdded[] = {"loras", "controls", "vae"};
    const auto isIn = [field](const auto& names) {
        return std::ranges::find(names, field) != std::end(names);
    };
    return isIn(kFiles)   ? help + " (by the place of its file)"
           : isIn(kAdded) ? help + " (by the place of its file, or its name in --addons)"
                          : help;
}

void addGenerate(CLI::App& app, GenerateOptions& options) {
    auto& command = *app.add_subcommand("generate", "Draw pictures into PNG files, without a server");
    auto& request = options.request;
    protocol::forEachField([&](const auto& row) {
        const std::string_view name = row.name;
        // Here the model is a folder, which addDrawing takes, and nobody watches.
        if (name == "model" || row.group == protocol::FieldGroup::Watching) {
            return;
        }
        std::string option = "--" + std::string(name);
        std::ranges::replace(option, '_', '-');
        const std::string choices = name == "sampler" ? ": " + protocol::samplerNames() : "";
        const std::string help = nameOnDisk(name, row.help) + choices;
        if constexpr (requires { protocol::read("", row.of(request)); }) {
            command.add_option_function<std::string>(option, listReader(row.of(request)), help)
                ->type_name("LIST");
        } else {
            command.add_option(option, row.of(request), help)->required(name == "prompt");
        }
    });
    command.add_option("-o,--output", options.output,
                       "The PNG file; with --count 2 or more NAME-0.png, NAME-1.png, …. Not given: a name "
                       "made of the time");
    addDrawing(command, options.drawing, false);
    addAddons(command, options.addons, "Requests name what lies there as they do at a server");
    command.footer("What is not given is chosen by the model.\nEvery file carries its prompt and settings.");
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

void addData(CLI::App& command, std::filesystem::path& data, std::filesystem::path& config) {
    auto* const folder = command.add_option(
        "--data", data,
        "The server's data folder; if not given, that of the installed service for root, and "
        "$XDG_DATA_HOME/easel/server for others");
    command.add_option("--config", config, "The server's file of options, which says where its data is")
        ->check(CLI::ExistingFile)
        ->excludes(folder);
}

void addKeys(CLI::App& app, KeysOptions& options) {
    auto& keys = *app.add_subcommand("keys", "Say who may come in: make, list and revoke keys");
    keys.require_subcommand(1);
    keys.footer("A server that runs takes up what is changed within a second.");
    const auto addCommand = [&](const char* name, const char* help, KeysOptions::Action action) {
        auto* const command = keys.add_subcommand(name, help);
        addData(*command, options.data, options.config);
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
    addData(command, options.data, options.config);
    command
        .add_option("--address", options.address,
                    "How the device reaches the server, as https://192.168.1.20:5000; if not given, as the "
                    "server says")
        ->check([](const std::string& text) {
            const auto url = http::parsePublicUrl(text);
            return url ? "" : url.error();
        });
    command
        .add_option_function<std::string>(
            "--gcp", [&options](const std::string& text) { options.gcp = *protocol::parseGcpPlace(text); },
            "The machine on Google Cloud that this is: the device comes in through a tunnel that it opens to "
            "it")
        ->type_name("PROJECT/ZONE/NAME")
        ->check([](const std::string& text) {
            const auto place = protocol::parseGcpPlace(text);
            return place ? "" : place.error().detail;
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

/// One of the commands below `models`, which each work on `options`; `idHelp` for one that takes a name.
CLI::App& addModelCommand(CLI::App& models, const char* name, const char* help, ModelsCommand& options,
                          const char* idHelp) {
    auto& command = *models.add_subcommand(name, help);
    if (idHelp != nullptr) {
        command.add_option("model", options.id, idHelp)->required();
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
    addModelCommand(models, "list", "What there is", options, nullptr)
        .add_flag("--json", options.json, "Print the list for programs");
    constexpr const char* kName = "Its name, as \"models list\" shows it";
    addModelCommand(models, "inspect", "What it is: its family, parts, precision, licence, and what it lacks",
                    options,
                    "Its name, as \"models list\" shows it, or any .safetensors file or model folder")
        .add_flag("--json", options.json, "Print what it is for programs");
    addModelCommand(models, "verify", "Compare a pulled model with its hashes", options, kName);
    auto& remove = addModelCommand(models, "remove", "Take a pulled model away", options, kName);
    remove.add_option("--revision", options.revision, "Only this revision, and what no other has");
    remove.add_flag("--yes", options.yes, "Without asking");
}

int runModels(const CLI::App& models, const ModelsCommand& options) {
    if (options.cache.empty()) {
        if (const auto own = workForService(); !own) {
            return fail(kFailure, own.error());
        }
    }
    return models.got_subcommand("list")      ? listModels(options)
           : models.got_subcommand("inspect") ? inspectModel(options)
           : models.got_subcommand("verify")  ? verifyModel(options)
                                              : removeModel(options);
}

/// The words of the command line, and those that a file adds to them. Failure: a sentence.
tl::expected<std::vector<std::string>, std::string> wordsOf(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty() || words.front() != "serve") {
        return words;
    }
    const auto file = configAmong(words);
    if (file.empty()) {
        return words;
    }
    CLI::App judge;
    ServeOptions ignored;
    addServe(judge, ignored);
    return withSettings(judge, std::move(words), file);
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
    DoctorOptions doctorOptions;
    addDoctor(app, doctorOptions);
    SetupCommand setupCommand;
    addSetup(app, setupCommand);
    auto words = wordsOf(argc, argv);
    if (!words) {
        return fail(kWrongArgument, words.error());
    }
    try {
        app.parse(std::vector<std::string>(words->rbegin(), words->rend()));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kSuccess : kWrongArgument;
    }
    try {
        return app.got_subcommand("serve")    ? serve(serveOptions)
               : app.got_subcommand("bench")  ? bench(benchOptions)
               : app.got_subcommand("keys")   ? keys(keysOptions)
               : app.got_subcommand("pair")   ? pair(pairOptions)
               : app.got_subcommand("pull")   ? pull(pullCommand)
               : app.got_subcommand("setup")  ? setup(setupCommand)
               : app.got_subcommand("doctor") ? doctor(doctorOptions)
               : app.got_subcommand("models") ? runModels(*app.get_subcommand("models"), modelsCommand)
                                              : generate(generateOptions);
    } catch (const std::exception& error) {
        return fail(kFailure, error.what());
    }
}

}  // namespace easel::commands
