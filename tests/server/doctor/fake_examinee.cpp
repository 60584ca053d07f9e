// SPDX-License-Identifier: Apache-2.0
// Stands in for an easel-worker that is examined, on a machine with a GPU. The name that it is called by says
// how it behaves when it is to draw on that GPU in fp16; otherwise all is sound.
//
//   sound     draws                              hang      never answers
//   unlike    draws another picture              garbage   says what is no frame
//   nan       draws with numbers that are none   refuse    says why it cannot
//   crash     dies of a fault                    half      dies after the first stage
//   greedy    takes a GiB more of memory
//
//   blind     dies when it is asked what there is, and draws on the CPU
//
//   lacks-libtorch, lacks-library, silent (exits at once), deaf (never answers): whatever it is asked
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "server/generator/child_process.h"
#include "server/generator/frames.h"

using namespace easel::generator;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

std::string valueOf(const std::vector<std::string>& arguments, const std::string& option) {
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        if (arguments[i] == option) {
            return arguments[i + 1];
        }
    }
    return {};
}

bool has(const std::vector<std::string>& arguments, const std::string& flag) {
    return std::ranges::find(arguments, flag) != arguments.end();
}

/// Numbers that look like nothing, and differ by `error` of all that they span.
Stage stage(const char* name, std::vector<std::int64_t> shape, float span, float error) {
    Stage made{name, std::move(shape), {}};
    std::size_t count = 1;
    for (const std::int64_t side : made.shape) {
        count *= static_cast<std::size_t>(side);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(i * 37 % 101) / 100;
        made.values.push_back(span * (value + (i % 2 == 0 ? error : -error)));
    }
    return made;
}

void dieOfAFault() {
    std::fputs("CUDA error: an illegal memory access was encountered\n", stderr);
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
}

[[noreturn]] void hang() {
    std::fputs("waiting for the device\n", stderr);
    std::this_thread::sleep_for(24h);
    std::_Exit(1);
}

int prove(FrameChannel& channel, int socket, const std::string& behaviour, float error) {
    const auto wish = channel.read();
    if (!wish || !*wish || !std::holds_alternative<Generate>(**wish)) {
        return 1;
    }
    if (behaviour == "crash") {
        dieOfAFault();
    } else if (behaviour == "hang") {
        hang();
    } else if (behaviour == "garbage") {
        return ::write(socket, "This is not a frame, I am afraid.", 33) > 0 ? 0 : 1;
    } else if (behaviour == "refuse") {
        return channel.write(Finished{"doctor", easel::protocol::generationFailed("It is too hot to draw.")})
                   ? 0
                   : 1;
    }
    static_cast<void>(channel.write(stage("text", {2, 7, 8}, 2, error)));
    if (behaviour == "half") {
        dieOfAFault();
    }
    auto prediction = stage("prediction", {2, 4, 8, 8}, 6, behaviour == "unlike" ? 0.3F : error);
    if (behaviour == "nan") {
        prediction.values[3] = std::numeric_limits<float>::quiet_NaN();
    }
    static_cast<void>(channel.write(prediction));
    static_cast<void>(channel.write(stage("latents", {1, 4, 8, 8}, 4, behaviour == "unlike" ? 0.4F : error)));
    static_cast<void>(
        channel.write(stage("picture", {64, 64, 3}, 255, behaviour == "unlike" ? 0.5F : error)));
    static_cast<void>(
        channel.write(Proof{0.5, 0.25, {0.5, 0.01, 0.02, 0.01, 0.01}, behaviour == "greedy" ? kGiB : kMiB}));
    return channel.write(Finished{"doctor", {}}) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    endWithParent();
    const std::string name = std::filesystem::path(argv[0]).filename();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (name.starts_with("lacks-")) {
        std::fprintf(stderr, "%s: error while loading shared libraries: %s: cannot open shared object file\n",
                     argv[0], name == "lacks-libtorch" ? "libtorch_cpu.so" : "libfmt.so.9");
        return 127;
    }
    if (name == "silent") {
        return 3;
    }
    if (name == "deaf") {
        hang();
    }
    const int socket = std::stoi(valueOf(arguments, "--socket-fd"));
    FrameChannel channel(socket);
    if (has(arguments, "--list")) {
        if (name == "blind") {
            dieOfAFault();
        }
        const Inventory inventory{
            "2.11.0",
            "13.0",
            "13.1",
            "",
            {{"cpu", "Abacus", {"fp32"}, 0, 0, ""},
             {"cuda:0", "Fake GPU", {"fp32", "fp16", "bf16"}, 24 * kGiB, 23 * kGiB, ""}}};
        return channel.write(inventory) ? 0 : 1;
    }
    const std::string precision = valueOf(arguments, "--precision");
    const bool isOnGpu = valueOf(arguments, "--device") == "cuda:0";
    const float error = !isOnGpu ? 0 : precision == "fp32" ? 1e-6F : precision == "fp16" ? 3e-4F : 3e-3F;
    return prove(channel, socket, isOnGpu && precision == "fp16" ? name : "sound", error);
}
