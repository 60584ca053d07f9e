// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <CLI/CLI.hpp>

#include "server/commands/setup.h"
#include "server/libtorch/index.h"

namespace easel::commands {

void addSetup(CLI::App& app, SetupCommand& command) {
    auto& setup = *app.add_subcommand("setup", "Bring libtorch, which draws, to this machine");
    setup
        .add_option_function<std::string>(
            "kind", [&command](const std::string& name) { command.kind = libtorch::kindFrom(name); },
            "cpu, or cuda for NVIDIA GPUs; if not given, cuda where the driver is new enough for it")
        ->check(CLI::IsMember({"cpu", "cuda"}));
    auto* const from = setup.add_option(
        "--from", command.from, "A folder with the wheels, for machines without a network; see --list");
    from->check(CLI::ExistingDirectory);
    setup
        .add_option(
            "--index", command.index,
            "The Python package index to fetch the wheels from; if not given, that in PIP_INDEX_URL, or " +
                std::string(libtorch::kUsualIndex))
        ->excludes(from);
    setup.add_option(
        "--into", command.into,
        "The folder to put it into; EASEL_LIBTORCH then tells the server. If not given, where the "
        "server looks by itself");
    setup.add_flag("--json", command.json, "Print progress and the end for programs, a line each");
    setup.add_flag("--list", command.list,
                   "Only print the wheels with their hashes, as pip's requirement files have them");
    setup.footer(
        "Interrupted or cut off, the same command goes on where it was. A server that waits for libtorch "
        "takes it "
        "up by itself.\nFor a machine without a network, on an x86-64 Linux machine with one:\n"
        "  easel-server setup cuda --list > wheels.txt\n"
        "  pip download --no-deps --only-binary :all: --python-version 3.11 -r wheels.txt -d WHEELS\n"
        "and then, with that folder at hand:\n"
        "  easel-server setup cuda --from WHEELS");
}

}  // namespace easel::commands
