// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/log_lines.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"

namespace easel::protocol {

using nlohmann::json;

std::string logLinesToJson(const std::vector<std::string>& lines) {
    return text({{"lines", lines}});
}

Expected<std::vector<std::string>> parseLogLines(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The log");
        std::vector<std::string> lines;
        reader.readList("lines", lines, [](const json& line) -> Expected<std::string> {
            if (!line.is_string()) {
                return tl::unexpected(malformed("A line of the log is not a text."));
            }
            return line.get<std::string>();
        });
        return reader.finish(std::move(lines));
    });
}

}  // namespace easel::protocol
