// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/wanted_loras.h"

#include <algorithm>

#include "server/prompt/script.h"

namespace easel::prompt {

std::vector<LoraTag> wantedLoras(const protocol::GenerationSettings& settings) {
    std::vector<LoraTag> wanted;
    const auto add = [&wanted](const LoraTag& lora) {
        const auto known = std::ranges::find_if(wanted, [&lora](const LoraTag& each) {
            return each.name == lora.name && each.blocks == lora.blocks;
        });
        if (known == wanted.end()) {
            wanted.push_back(lora);
            return;
        }
        known->weight += lora.weight;
        known->textWeight += lora.textWeight;
    };
    for (const protocol::LoraUse& use : settings.loras) {
        add({use.name, use.weight, use.textWeight.value_or(use.weight), use.blocks});
    }
    if (syntaxOf(settings.promptSyntax) == Syntax::A1111) {
        std::ranges::for_each(takeLoraTags(settings.prompt).loras, add);
    }
    return wanted;
}

}  // namespace easel::prompt
