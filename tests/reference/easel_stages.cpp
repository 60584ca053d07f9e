// SPDX-License-Identifier: Apache-2.0
// Draws one picture, writes each stage of it into a safetensors file and prints how long it took and how
// much memory it needed, as JSON.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "shared/protocol/json.h"

namespace {

using namespace easel;
using Clock = std::chrono::steady_clock;
using Stages = std::vector<std::pair<std::string, at::Tensor>>;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void writeSafetensors(const std::string& path, const Stages& stages) {
    std::ostringstream header;
    std::int64_t offset = 0;
    for (const auto& [name, tensor] : stages) {
        header << (offset == 0 ? '{' : ',') << '"' << name << R"(":{"dtype":)"
               << (tensor.scalar_type() == at::kByte ? R"("U8")" : R"("F32")") << R"(,"shape":[)";
        for (std::int64_t i = 0; i < tensor.dim(); ++i) {
            header << (i == 0 ? "" : ",") << tensor.size(i);
        }
        const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
        header << R"(],"data_offsets":[)" << offset << ',' << offset + bytes << "]}";
        offset += bytes;
    }
    header << '}';
    const std::string text = header.str();
    const std::uint64_t size = text.size();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&size), sizeof size);
    file << text;
    for (const auto& [name, tensor] : stages) {
        file.write(static_cast<const char*>(tensor.const_data_ptr()),
                   static_cast<std::streamsize>(tensor.nbytes()));
    }
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path);
    }
}

at::Tensor kept(const at::Tensor& x) {
    return x.to(at::kCPU, at::kFloat).contiguous();
}

void run(const std::string& model, diffusion::Device device, const std::string& output,
         const protocol::GenerationSettings& settings) {
    const c10::InferenceMode inference;
    Stages stages;

    const auto loading = Clock::now();
    diffusion::Pipeline pipeline(model, std::move(device));
    const double loaded = secondsSince(loading);

    const auto started = Clock::now();
    const std::clock_t cpuBefore = std::clock();
    const auto guidance = pipeline.guidance(settings);
    diffusion::Drawing drawing = pipeline.drawingFor(settings, 0, guidance);
    stages.emplace_back("text", kept(drawing.conditions().back().context));  // the prompt's
    stages.emplace_back("noise", kept(drawing.latents()));
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing});
        stages.emplace_back("latents_" + std::to_string(drawing.accepted()), kept(drawing.latents()));
    }
    const at::Tensor decoded = pipeline.decode(drawing.latents());
    const auto picture = diffusion::toImage(decoded);
    const double drawn = secondsSince(started);
    const double cpu = static_cast<double>(std::clock() - cpuBefore) / CLOCKS_PER_SEC;

    stages.emplace_back("decoded", kept(decoded));
    stages.emplace_back("picture",
                        at::tensor(picture.rgb, at::kByte).view({picture.height, picture.width, 3}));
    writeSafetensors(output, stages);

    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf(R"({"load_seconds": %.3f, "draw_seconds": %.3f, "draw_cpu_seconds": %.3f, "peak_mb": %.0f})"
                "\n",
                loaded, drawn, cpu, static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::fputs(
            "usage: easel_stages MODEL DEVICE PRECISION SETTINGS OUTPUT\n"
            "SETTINGS is JSON as POST /v1/jobs takes it, OUTPUT the safetensors file to write.\n",
            stderr);
        return 2;
    }
    try {
        const auto settings = easel::protocol::parseSettings(argv[4]);
        if (!settings) {
            throw easel::diffusion::Failure(settings.error());
        }
        run(argv[1], easel::diffusion::openDevice(argv[2], argv[3]), argv[5], *settings);
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "easel_stages: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
