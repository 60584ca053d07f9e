// SPDX-License-Identifier: Apache-2.0
// A picture's settings as text: any text can be read, and what Easel writes comes back as it was.
#include <nlohmann/json.hpp>

#include "shared/protocol/infotext.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

/// Prompts are UTF-8 by the time they are written: what is not becomes U+FFFD.
std::string valid(std::string_view text) {
    using nlohmann::json;
    return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::textOf(data, size);
    protocol::fromInfotext(text);

    std::string_view rest = text;
    protocol::GenerationSettings settings;
    settings.prompt = valid(fuzz::takePart(rest));
    settings.negativePrompt = valid(fuzz::takePart(rest));
    settings.model = "starter";
    settings.sampler = "ddim";
    settings.schedule = "default";
    settings.width = settings.height = 128;
    settings.steps = 15;
    const auto again = protocol::fromInfotext(protocol::toInfotext(settings, "1"));
    fuzz::require(again.has_value(), "what was written can be read");
    fuzz::require(again->prompt == settings.prompt, "a prompt survives");
    fuzz::require(again->negativePrompt == settings.negativePrompt, "a negative prompt survives");
    fuzz::require(again->steps == 15 && again->width == 128, "settings survive beside any prompt");
    return 0;
}
