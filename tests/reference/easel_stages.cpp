// SPDX-License-Identifier: Apache-2.0
// Draws what standard input asks for, a request a line: writes each stage of the first picture into a
// safetensors file, and prints how long it all took and how much memory the program has needed so far, as
// JSON.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "server/diffusion/request.h"
#include "shared/protocol/json.h"
#include "tests/reference/waiting.h"

namespace {

using namespace easel;
using nlohmann::json;
using Clock = std::chrono::steady_clock;
using Stages = std::vector<std::pair<std::string, at::Tensor>>;

constexpr std::int64_t kPlenty = std::int64_t{64} << 30;

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

/// A line of standard input.
struct Asked {
    generator::Materials materials;
    protocol::GenerationSettings settings;
    std::string output;
};

Asked asked(const std::string& line) {
    const json value = json::parse(line);
    auto settings = protocol::parseSettings(value.at("settings").dump());
    if (!settings) {
        throw diffusion::Failure(settings.error());
    }
    const std::string folder = value.at("folder");
    generator::Materials materials(generator::ModelPlace{folder, folder});
    for (const json& other : value.at("others")) {
        const auto kind = generator::materialKindFrom(other.at("kind").get<std::string>());
        materials.others.push_back({kind.value(), other.at("name"), other.at("path").get<std::string>()});
    }
    return {std::move(materials), std::move(*settings), value.at("output")};
}

json draw(diffusion::ModelLoader& loader, const Asked& asked) {
    json answer;
    Stages stages;
    generator::Observer observer;
    observer.image = [&stages](int index, std::int64_t /*seed*/, const image::Image& picture) {
        if (index == 0) {
            stages.emplace_back("picture",
                                at::tensor(picture.rgb, at::kByte).view({picture.height, picture.width, 3}));
        }
    };
    diffusion::Request request("the one", asked.materials, asked.settings, observer);

    const auto loading = Clock::now();
    auto models = reference::waitedFor(loader, request.model(), request.loras(), request.refiner());
    const double loaded = secondsSince(loading);

    const auto started = Clock::now();
    const std::clock_t cpuBefore = std::clock();
    request.begin(std::move(models.model), std::move(models.refiner));
    const double prepared = secondsSince(started);
    std::vector<diffusion::Live> lives;
    while (request.hasMore()) {
        auto [begun, index] = request.beginNext();
        lives.emplace_back(request, index, std::move(begun));
    }
    diffusion::Live& first = lives.front();
    stages.emplace_back("text", kept(first.drawing.conditions().back().context));  // the prompt's
    std::vector<double> steps;
    while (true) {
        std::vector<diffusion::Drawing*> drawings;
        for (diffusion::Live& live : lives) {
            drawings.push_back(&live.drawing);
        }
        while (!first.drawing.done()) {
            const auto stepping = Clock::now();
            first.pipeline->advance(drawings);
            steps.push_back(secondsSince(stepping));
            static const double firstStepAt =
                std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
            answer["first_step_at"] = firstStepAt;
            stages.emplace_back("latents_" + std::to_string(stages.size()), kept(first.drawing.latents()));
        }
        if (!first.hasMore()) {
            break;
        }
        for (diffusion::Live& live : lives) {
            live.goOn(loader.memoryLeft());
        }
    }
    const auto decoding = Clock::now();
    for (const diffusion::Live& live : lives) {
        request.deliver(live, loader.memoryLeft());
    }
    const double decoded = secondsSince(decoding);
    const double drawn = secondsSince(started);
    const double cpu = static_cast<double>(std::clock() - cpuBefore) / CLOCKS_PER_SEC;
    writeSafetensors(asked.output, stages);

    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    // A prompt that was drawn before is remembered, so all that is left of it then is the picture.
    answer[asked.settings.initImage.empty() ? "text_seconds" : "encode_seconds"] = prepared;
    answer["load_seconds"] = loaded;
    answer["step_seconds"] = steps;
    answer["decode_seconds"] = decoded;
    answer["draw_seconds"] = drawn;
    answer["draw_cpu_seconds"] = cpu;
    answer["pictures"] = lives.size();
    answer["peak_mb"] = static_cast<double>(usage.ru_maxrss) / 1024;
    return answer;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs(
            "usage: easel_stages DEVICE PRECISION\n"
            "Reads lines of JSON: {\"folder\": the model's, \"settings\": as a job shows them,\n"
            "\"others\": [{\"kind\": \"lora\", \"name\": …, \"path\": …}, …], \"output\": the file to "
            "write}.\n",
            stderr);
        return 2;
    }
    const c10::InferenceMode inference;
    try {
        diffusion::ModelLoader loader(diffusion::openDevice(argv[1], argv[2]), kPlenty, [] {});
        for (std::string line; std::getline(std::cin, line);) {
            json answer;
            try {
                answer = draw(loader, asked(line));
            } catch (const std::exception& error) {
                answer = {{"error", error.what()}};
            }
            std::cout << answer.dump() << std::endl;
        }
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "easel_stages: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
