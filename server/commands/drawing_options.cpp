// SPDX-License-Identifier: Apache-2.0
#include "server/commands/drawing_options.h"

#include <filesystem>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

namespace easel::commands {

namespace {

const CLI::Validator kDevice([](const std::string& text) { return objectionToDevice(text); }, "DEVICE");
const CLI::Validator kDevices([](const std::string& text) { return objectionToDevices(text); }, "DEVICE,...");

const CLI::Validator kModelOrPattern(
    [](std::string& text) -> std::string {
        std::error_code error;
        return testPatternIn(text) || std::filesystem::exists(text, error)
                   ? ""
                   : "\"" + text + "\" is neither a folder, nor a file, nor test-pattern[:MS]";
    },
    "PATH");

}  // namespace

void addDrawing(CLI::App& command, Drawing& drawing, bool forServer) {
    auto* const model = command.add_option(
        "--model", drawing.model,
        "A model: a folder in diffusers' layout, or a checkpoint (.safetensors); the starter model if not "
        "given" +
            std::string(forServer
                            ? ". test-pattern[:MS] draws coloured waves without a model, MS milliseconds a "
                              "step, for trying things out"
                            : ""));
    model->check(forServer ? kModelOrPattern : CLI::Validator(CLI::ExistingPath));
    command
        .add_option("--device", drawing.device,
                    "Where to draw: auto (a GPU if one can be used), cpu, cuda, cuda:N" +
                        std::string(forServer ? "; or several, as cuda:0,cuda:1" : ""))
        ->check(forServer ? kDevices : kDevice)
        ->capture_default_str();
    command
        .add_option("--precision", drawing.precision,
                    "What to compute in: auto (fp16 on a GPU; on a CPU bf16 if that is much "
                    "faster, or else fp32), fp32, fp16, bf16")
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

void addAddons(CLI::App& command, std::vector<std::filesystem::path>& addons, const std::string& more) {
    command
        .add_option(
            "--addons", addons,
            "A folder with folders of what can be added to models: loras, embeddings, vaes, controlnets, "
            "tiny_vaes, or as AUTOMATIC1111 calls them; can be given several times. " +
                more)
        ->check(CLI::ExistingDirectory);
}

}  // namespace easel::commands
