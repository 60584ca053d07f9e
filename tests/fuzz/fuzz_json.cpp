// SPDX-License-Identifier: Apache-2.0
// Everything that is read from the wire. The first byte chooses the reader.
#include "shared/protocol/json.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

template <typename Parse>
void survives(std::string_view text, Parse parse) {
    if (const auto value = parse(text)) {
        const auto again = parse(protocol::toJson(*value));
        fuzz::require(again.has_value(), "what was read can be written");
        fuzz::require(*again == *value, "a value survives being written and read");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto text = fuzz::textOf(data + 1, size - 1);
    switch (data[0] % 10) {
        case 0:
            survives(text, protocol::parseRequest);
            break;
        case 1:
            survives(text, protocol::parseSettings);
            break;
        case 2:
            survives(text, protocol::parseJob);
            break;
        case 3:
            survives(text, protocol::parseJobPage);
            break;
        case 4:
            survives(text, protocol::parseProgress);
            break;
        case 5:
            survives(text, protocol::parseEstimate);
            break;
        case 6:
            survives(text, protocol::parseProblem);
            break;
        case 7:
            survives(text, protocol::parseServerInfo);
            break;
        case 8:
            survives(text, protocol::parseModelPage);
            break;
        default:
            for (const char* type : {"state", "progress", "image", "done"}) {
                if (const auto event = protocol::parseEvent(type, text)) {
                    const auto again = protocol::parseEvent(type, protocol::eventData(*event));
                    fuzz::require(again.has_value(), "an event that was read can be written");
                }
            }
    }
    return 0;
}
