// SPDX-License-Identifier: Apache-2.0
// Any text as a prompt: its syntax and what it says at which step. The first two bytes choose how it is read.
#include "server/prompt/script.h"
#include "shared/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

/// Each byte of what is read stands in the prompt.
void check(const prompt::Passage& passage, std::string_view text) {
    fuzz::require(passage.text.bytes.size() == passage.text.from.size(), "each byte remembers its place");
    for (std::size_t i = 0; i < passage.text.bytes.size(); ++i) {
        fuzz::require(
            passage.text.from[i] < text.size() && text[passage.text.from[i]] == passage.text.bytes[i],
            "each byte is one of the prompt's");
    }
    fuzz::require(passage.weight >= -prompt::kGreatestWeight && passage.weight <= prompt::kGreatestWeight,
                  "weights have bounds");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const auto syntax = data[0] % 8 == 0 ? prompt::Syntax::Plain : prompt::Syntax::A1111;
    const auto role = data[0] % 2 == 0 ? prompt::Role::Positive : prompt::Role::Negative;
    const int steps = 1 + data[1] % 32;
    const auto given = fuzz::textOf(data + 2, size - 2);
    const std::string text = text::toValidUtf8(given);
    const auto script = prompt::scriptOf(given, syntax, steps, role);
    if (!script) {
        fuzz::require(syntax == prompt::Syntax::A1111, "plain text is never refused");
        return 0;
    }
    fuzz::require(!script->branches.empty() && script->branches.size() <= prompt::kMaxBranches,
                  "branches have bounds");
    for (const prompt::Branch& branch : script->branches) {
        fuzz::require(!branch.stretches.empty() && branch.stretches.back().until == steps,
                      "something is said until the end");
        int until = 0;
        for (const prompt::Stretch& stretch : branch.stretches) {
            fuzz::require(stretch.until > until && stretch.reading < branch.readings.size(),
                          "stretches follow each other");
            until = stretch.until;
        }
        fuzz::require(branch.readings.size() <= prompt::kMaxReadings, "readings have bounds");
        for (const prompt::Reading& reading : branch.readings) {
            for (const prompt::Passage& passage : reading) {
                check(passage, text);
            }
        }
    }
    return 0;
}
