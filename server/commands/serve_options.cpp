// SPDX-License-Identifier: Apache-2.0
#include "server/commands/serve_options.h"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "server/commands/drawing_options.h"
#include "server/http/proxy.h"

namespace easel::commands {

namespace {

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

/// What it tells of itself, and to whom.
void addTelling(CLI::App& command, ServeOptions& options) {
    command
        .add_option(
            "--log-format", options.log.format,
            "How the log is written to standard error: auto (for the systemd journal where that reads it, "
            "else text), text, journal, json (an object a line)")
        ->transform(CLI::CheckedTransformer(std::map<std::string, LogFormat>{{"auto", LogFormat::Automatic},
                                                                             {"text", LogFormat::Text},
                                                                             {"journal", LogFormat::Journal},
                                                                             {"json", LogFormat::Json}}))
        ->option_text("auto|text|journal|json");
    command
        .add_option("--log-level", options.log.level,
                    "What is logged: debug, info, warning, error; or what is worse")
        ->transform(CLI::CheckedTransformer(std::map<std::string, LogLevel>{{"debug", LogLevel::Debug},
                                                                            {"info", LogLevel::Info},
                                                                            {"warning", LogLevel::Warning},
                                                                            {"error", LogLevel::Error}}))
        ->option_text("debug|info|warning|error");
    command.add_flag("--log-prompts", options.logPrompts, "Put the prompts of jobs into the log, too");
    command.add_option("--port-file", options.portFile, "Write the port into this file once it is open");
}

/// Where all of this may be read from.
void addConfig(CLI::App& command, ServeOptions& options) {
    command
        .add_option(
            "--config", options.config,
            "A TOML file with any of these options, under the same names without the dashes (port = 5000, "
            "tls = true, models = [\"/a\", \"/b\"]); what is given here, too, counts from here")
        ->check(CLI::ExistingFile)
        ->configurable(false);
    command
        .add_flag("--check-config", options.checkConfig,
                  "Do not start; say whether it could, with this file and these options")
        ->configurable(false);
}

}  // namespace

void addServe(CLI::App& app, ServeOptions& options) {
    auto& command = *app.add_subcommand("serve", "Draw for the desktop app, browsers and programs over HTTP");
    addDoors(command, options);
    addDrawing(command, options.drawing, true);
    command
        .add_option("--models", options.models,
                    "A folder of more models that requests may name, folders or checkpoints; can be given "
                    "several times. The hub's "
                    "cache of this account is looked through, too")
        ->check(CLI::ExistingDirectory);
    addAddons(command, options.addons, "Those in the folders of --models are found, too");
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
    command.add_option(
        "--token-file", options.tokenFile,
        "A file with a token of the hub's, for models that ask to be signed in, read at each pull; if "
        "not given, HF_TOKEN, the file at HF_TOKEN_PATH, or the login of \"hf auth login\"");
    command.add_flag("--no-pull", options.noPull,
                     "Clients cannot have models pulled from the hub, nor removed");
    command.add_option("--end-with-parent", options.endWithParent)
        ->group("")
        ->configurable(false);  // for bench
    // Earlier names of --model test-pattern:MS, for scripts that have them.
    command.add_flag_callback("--test-pattern", [&options] { options.drawing.model = "test-pattern"; })
        ->group("")
        ->configurable(false);
    command
        .add_option_function<int>(
            "--step-ms", [&options](int ms) { options.drawing.model = "test-pattern:" + std::to_string(ms); })
        ->group("")
        ->configurable(false);
    command
        .add_option(
            "--end-when-idle", options.endWhenIdle,
            "End, with exit status 75, after so many minutes in which no job waited or was drawn, no model "
            "was pulled and nobody asked for anything but to look; 0: never")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    addTelling(command, options);
    addConfig(command, options);
    command.footer("Ends in order on SIGTERM, SIGHUP and Ctrl-C; a second one ends it at once.");
}

}  // namespace easel::commands
