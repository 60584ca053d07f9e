// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/json_parts.h"

#include <utility>

#include "shared/protocol/json_reader.h"
#include "shared/protocol/timestamp.h"

namespace easel::protocol {

using nlohmann::json;

std::string text(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json write(const Problem& problem) {
    json value = {{"type", "about:blank"},
                  {"title", problem.title},
                  {"status", problem.status},
                  {"code", problem.code},
                  {"detail", problem.detail}};
    if (problem.field) {
        value["field"] = *problem.field;
    }
    return value;
}

Expected<Problem> readProblem(const json& value) {
    Reader reader(value, "The problem");
    Problem problem;
    reader.read("status", problem.status);
    reader.read("code", problem.code);
    reader.read("title", problem.title);
    reader.read("detail", problem.detail);
    reader.read("field", problem.field);
    return reader.finish(std::move(problem));
}

void to_json(json& value, const LoraUse& use) {
    value = {{"name", use.name}, {"weight", use.weight}};
    if (use.textWeight) {
        value["text_weight"] = *use.textWeight;
    }
    if (!use.blocks.empty()) {
        value["blocks"] = use.blocks;
    }
}

void to_json(json& value, const ControlUse& use) {
    value = {{"model", use.model},
             {"image", use.image},
             {"scale", use.scale},
             {"start", use.start},
             {"end", use.end}};
}

Expected<LoraUse> readLora(const json& value, Strict strict) {
    Reader reader(value, "A LoRA");
    if (strict == Strict::Yes) {
        reader.refuseOthers({"name", "weight", "text_weight", "blocks"});
    }
    LoraUse use;
    reader.read("name", use.name);
    reader.read("weight", use.weight);
    reader.read("text_weight", use.textWeight);
    reader.readList("blocks", use.blocks, [](const json& factor) -> Expected<double> {
        if (!factor.is_number()) {
            return tl::unexpected(invalidField("blocks", "blocks must be a list of numbers."));
        }
        return factor.get<double>();
    });
    return reader.finish(std::move(use));
}

Expected<ControlUse> readControl(const json& value, Strict strict) {
    Reader reader(value, "A ControlNet");
    if (strict == Strict::Yes) {
        reader.refuseOthers({"model", "image", "scale", "start", "end"});
    }
    ControlUse use;
    reader.read("model", use.model);
    reader.read("image", use.image);
    reader.read("scale", use.scale);
    reader.read("start", use.start);
    reader.read("end", use.end);
    return reader.finish(std::move(use));
}

json writeTime(const std::optional<std::int64_t>& time) {
    return time ? json(formatTimestamp(*time)) : json(nullptr);
}

Expected<std::int64_t> timeItem(const json& value) {
    if (value.is_string()) {
        if (const auto time = parseTimestamp(value.get_ref<const std::string&>())) {
            return *time;
        }
    }
    return tl::unexpected(malformed("A time is not in RFC 3339 form."));
}

Expected<std::string> textItem(const json& value) {
    if (!value.is_string()) {
        return tl::unexpected(malformed("A list of texts holds something else."));
    }
    return value.get<std::string>();
}

}  // namespace easel::protocol
