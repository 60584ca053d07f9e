// SPDX-License-Identifier: Apache-2.0
// LoRAs: the names and shapes of their tensors, what their metadata say, and the layers that they are for.
// The input is a header, as a safetensors file has it, and after a NUL the paths and shapes of the model's
// layers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "server/models/files/safetensors_header.h"
#include "server/models/lora/lora_facts.h"
#include "server/models/lora/lora_match.h"
#include "server/models/lora/lora_shapes.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

/// "path 8 8 3 3\n", as many as there are.
std::vector<models::NamedShape> layersIn(std::string_view text) {
    std::vector<models::NamedShape> layers;
    while (!text.empty() && layers.size() < 64) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto path = line.substr(0, line.find(' '));
        line.remove_prefix(path.size());
        std::vector<std::int64_t> shape;
        while (!line.empty() && shape.size() < 6) {
            line.remove_prefix(1);
            int extent = 0;
            const auto number = line.substr(0, line.find(' '));
            std::from_chars(number.data(), number.data() + number.size(), extent);
            shape.push_back(std::max(1, extent % 4096));
            line.remove_prefix(number.size());
        }
        layers.push_back({std::string(path) + ".weight", shape});
    }
    return layers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = fuzz::textOf(data, size);
    const std::string_view header = fuzz::takePart(rest);
    const auto entries = models::parseSafetensorsHeader(header);
    if (!entries) {
        return 0;
    }
    std::uint64_t numbers = 0;
    for (const auto& entry : entries->entries) {
        numbers = std::max(numbers, entry.end);
    }
    std::uint64_t length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    bytes += header;
    bytes.append(std::min<std::uint64_t>(numbers, 4096), '\x3f');
    models::Metadata metadata;
    const auto tensors = models::parseSafetensors(std::as_bytes(std::span(bytes)), "fuzz", &metadata);
    if (!tensors) {
        return 0;
    }
    const auto settings = models::PeftSettings::of("fuzz", metadata);
    if (!settings) {
        return 0;
    }
    const auto modules = models::loraModules(*tensors, *settings, "fuzz");
    if (!modules) {
        fuzz::require(modules.error().field == "loras" && !modules.error().detail.empty(),
                      "what is refused is said with its field");
        return 0;
    }
    models::loraFamily(*modules, metadata);
    const auto layers = layersIn(rest);
    const models::LoraTargetsOfModel model{models::LoraTargets::ofUNet(layers),
                                           {models::LoraTargets::ofText(layers)}};
    for (const models::LoraModule& module : *modules) {
        fuzz::require(std::isfinite(module.scale), "a scale is finite");
        for (const auto* const targets : {&model.unet, &model.texts.front()}) {
            if (const models::LoraTarget* const target = targets->find(module.layer)) {
                fuzz::require(target->block <= targets->blocks(), "a block is one of the model's");
                if (models::fits(module, target->shape) && module.kind == models::LoraKind::LowRank) {
                    fuzz::require(models::numbersBeside(module) > 0, "factors have numbers");
                }
            }
        }
    }
    return 0;
}
