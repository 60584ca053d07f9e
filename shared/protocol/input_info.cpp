// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/input_info.h"

#include <cstddef>

#include <nlohmann/json.hpp>

#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"

namespace easel::protocol {

bool isInputId(std::string_view id) {
    constexpr std::size_t kDigits = 64;
    return id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string toJson(const InputInfo& input) {
    return text({{"id", input.id},
                 {"width", input.width},
                 {"height", input.height},
                 {"bytes", input.bytes},
                 {"content_type", input.contentType}});
}

Expected<InputInfo> parseInput(std::string_view body) {
    return parseStrict(body).and_then([](const nlohmann::json& value) {
        Reader reader(value, "The input");
        InputInfo input;
        reader.read("id", input.id);
        reader.read("width", input.width);
        reader.read("height", input.height);
        reader.read("bytes", input.bytes);
        reader.read("content_type", input.contentType);
        if (!isInputId(input.id)) {
            reader.fail(malformed("The input has no id."));
        }
        return reader.finish(input);
    });
}

}  // namespace easel::protocol
