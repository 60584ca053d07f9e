// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "shared/protocol/field.h"
#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

Expected<std::int64_t> byteItem(const json& value) {
    if (!value.is_number_integer()) {
        return tl::unexpected(malformed("A cut must be a whole number."));
    }
    return value.get<std::int64_t>();
}

}  // namespace

std::string toJson(const TokenQuestion& question) {
    json value{{"prompt", question.prompt}};
    if (question.model) {
        value["model"] = *question.model;
    }
    if (question.promptSyntax) {
        value["prompt_syntax"] = *question.promptSyntax;
    }
    return text(value);
}

std::string toJson(const TokenCount& count) {
    return text({{"tokens", count.tokens},
                 {"chunks", count.chunks},
                 {"limit", count.limit},
                 {"cuts", count.cuts},
                 {"loras", count.loras},
                 {"warnings", count.warnings}});
}

Expected<TokenQuestion> parseTokenQuestion(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The request");
        TokenQuestion question;
        reader.refuseOthers({"prompt", "model", "prompt_syntax"});
        reader.read("prompt", question.prompt);
        reader.read("model", question.model);
        reader.read("prompt_syntax", question.promptSyntax);
        if (value.is_object() && !value.contains("prompt")) {
            reader.fail(invalidField("prompt", "Say the prompt whose tokens are to be counted."));
        }
        if (question.promptSyntax &&
            std::ranges::find(kPromptSyntaxes, *question.promptSyntax) == std::end(kPromptSyntaxes)) {
            reader.fail(invalidField("prompt_syntax", "It is a1111 or plain."));
        }
        return reader.finish(std::move(question));
    });
}

Expected<TokenCount> parseTokenCount(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The count of tokens");
        TokenCount count;
        reader.read("tokens", count.tokens);
        reader.read("chunks", count.chunks);
        reader.read("limit", count.limit);
        reader.readList("cuts", count.cuts, byteItem);
        reader.readList("loras", count.loras, [](const json& lora) { return readLora(lora, Strict::No); });
        reader.readList("warnings", count.warnings, textItem);
        return reader.finish(std::move(count));
    });
}

}  // namespace easel::protocol
