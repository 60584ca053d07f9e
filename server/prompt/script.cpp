// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/script.h"

#include <algorithm>
#include <utility>

#include "server/prompt/editing.h"
#include "server/prompt/number.h"
#include "shared/text/utf8.h"

namespace easel::prompt {

namespace {

constexpr std::string_view kAnd = "AND";

/// The prompts that AND joins.
std::vector<Text> splitAtAnd(const Text& prompt) {
    std::vector<Text> parts;
    std::size_t begin = 0;
    for (std::size_t at = prompt.bytes.find(kAnd); at != std::string::npos;
         at = prompt.bytes.find(kAnd, at + kAnd.size())) {
        if (isWordAt(prompt.bytes, at, kAnd)) {
            parts.push_back(prompt.part(begin, at));
            begin = at + kAnd.size();
        }
    }
    parts.push_back(prompt.part(begin, prompt.bytes.size()));
    return parts;
}

/// Takes the weight off the end of "a cat :0.5".
double takeWeight(Text& text) {
    const auto colon = text.bytes.rfind(':');
    if (colon == std::string::npos) {
        return 1;
    }
    const std::string_view digits = trimmed(std::string_view(text.bytes).substr(colon + 1));
    const auto weight = numberIn(digits);
    if (!weight || digits.find_first_of("eE") != std::string_view::npos) {
        return 1;
    }
    text = text.part(0, colon);
    return std::clamp(*weight, -kGreatestWeight, kGreatestWeight);
}

/// Which of the branch's readings `reading` is; a new one is added.
std::size_t placeOf(Branch& branch, Reading reading) {
    const auto known = std::ranges::find(branch.readings, reading);
    const auto place = static_cast<std::size_t>(known - branch.readings.begin());
    if (known == branch.readings.end()) {
        branch.readings.push_back(std::move(reading));
    }
    return place;
}

/// As AUTOMATIC1111 counts: what holds up to step t, from 1, is read at steps 0 to t.
void addReadings(Branch& branch, Text text, int steps) {
    const Editing editing(std::move(text), steps);
    int begin = 0;
    for (const int turn : editing.turns()) {
        const int until = std::min(turn + 1, steps);
        if (until > begin && branch.readings.size() <= kMaxReadings) {
            const std::size_t reading = placeOf(branch, readingOf(editing.at(turn)));
            if (!branch.stretches.empty() && branch.stretches.back().reading == reading) {
                branch.stretches.back().until = until;
            } else {
                branch.stretches.push_back({until, reading});
            }
            begin = until;
        }
    }
}

}  // namespace

Syntax syntaxOf(std::string_view name) {
    return name == "plain" ? Syntax::Plain : Syntax::A1111;
}

protocol::Expected<Script> scriptOf(std::string_view prompt, Syntax syntax, int steps, Role role) {
    const std::string valid = text::toValidUtf8(prompt);
    const char* const field = role == Role::Positive ? "prompt" : "negative_prompt";
    if (syntax == Syntax::Plain) {
        return Script{{Branch{1, {{Passage{Text(valid)}}}, {{steps, 0}}}}, {}, {}};
    }
    TaggedText tagged = role == Role::Positive ? takeLoraTags(valid) : TaggedText{Text(valid), {}, {}};
    std::vector<Text> parts = role == Role::Positive ? splitAtAnd(tagged.rest) : std::vector{tagged.rest};
    if (parts.size() > kMaxBranches) {
        return tl::unexpected(protocol::invalidField(
            field, "AND joins " + std::to_string(parts.size()) + " prompts; it can join " +
                       std::to_string(kMaxBranches) + " at most, since each is drawn by itself."));
    }
    Script script{{}, std::move(tagged.loras), std::move(tagged.warnings)};
    for (Text& part : parts) {
        Branch branch;
        // One that stands alone may end with a ratio, 16:9.
        branch.weight = parts.size() > 1 ? takeWeight(part) : 1;
        addReadings(branch, std::move(part), steps);
        if (branch.readings.size() > kMaxReadings) {
            return tl::unexpected(protocol::invalidField(
                field, "With so many steps its brackets make more than " + std::to_string(kMaxReadings) +
                           " different prompts. Let fewer words take turns."));
        }
        script.branches.push_back(std::move(branch));
    }
    return script;
}

}  // namespace easel::prompt
