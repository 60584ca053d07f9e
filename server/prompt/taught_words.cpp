// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/taught_words.h"

#include <algorithm>

#include "server/prompt/unicode.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

TaughtWord taughtWord(const Tokenizer& tokenizer, const std::string& name, std::size_t vectors) {
    TaughtWord word{{}, vectors};
    for (const Token& token : tokenizer.tokensOf(name)) {
        word.ids.push_back(token.id);
    }
    return word;
}

std::vector<std::string> mentionedIn(const Script& script, const std::vector<std::string>& names) {
    std::vector<std::string> texts;
    for (const Branch& branch : script.branches) {
        for (const Reading& reading : branch.readings) {
            for (const Passage& passage : reading) {
                std::string text = normalized(passage.text.bytes).text;
                if (std::ranges::find(texts, text) == texts.end()) {
                    texts.push_back(std::move(text));
                }
            }
        }
    }
    std::vector<std::string> mentioned;
    for (const std::string& name : names) {
        const std::string sought = normalized(text::toValidUtf8(name)).text;
        const auto isIn = [&sought](const std::string& text) {
            return text.find(sought) != std::string::npos;
        };
        if (!sought.empty() && std::ranges::any_of(texts, isIn)) {
            mentioned.push_back(name);
        }
    }
    return mentioned;
}

}  // namespace easel::prompt
