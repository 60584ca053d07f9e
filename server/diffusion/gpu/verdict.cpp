// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/gpu/verdict.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "shared/process/files.h"

namespace easel::diffusion::gpu {
namespace {

constexpr std::size_t kMostLines = 10'000;
constexpr std::string_view kAnnouncement = "kernel-begins";
constexpr std::string_view kVerdict = "kernel";

constexpr std::array kStates{
    std::pair{Verdict::State::Right, "right"}, std::pair{Verdict::State::Differs, "differs"},
    std::pair{Verdict::State::Slow, "slow"}, std::pair{Verdict::State::Failed, "failed"},
    std::pair{Verdict::State::Untried, "untried"}};
constexpr std::array kDtypes{std::pair{c10::kFloat, "fp32"}, std::pair{c10::kHalf, "fp16"},
                             std::pair{c10::kBFloat16, "bf16"}, std::pair{c10::kByte, "bytes"}};

const char* nameOf(Verdict::State state) {
    return std::ranges::find(kStates, state, &decltype(kStates)::value_type::first)->second;
}

const char* nameOf(c10::ScalarType dtype) {
    return std::ranges::find(kDtypes, dtype, &decltype(kDtypes)::value_type::first)->second;
}

std::vector<std::string> partsOf(const std::string& line) {
    std::vector<std::string> parts;
    std::istringstream rest(line);
    for (std::string part; std::getline(rest, part, '\t');) {
        parts.push_back(part);
    }
    return parts;
}

template <typename Table>
auto valueIn(const Table& table, const std::string& name) {
    const auto found = std::ranges::find_if(table, [&](const auto& entry) { return name == entry.second; });
    return found != table.end() ? std::optional(found->first) : std::nullopt;
}

std::string beginningOf(const Circumstances& circumstances) {
    return circumstances.device + '\t' + circumstances.driver + '\t' + circumstances.build + '\t';
}

template <typename Work>
void eachLine(const std::filesystem::path& file, Work work) {
    std::ifstream lines(file);
    std::size_t count = 0;
    for (std::string line; count < kMostLines && std::getline(lines, line); ++count) {
        work(line);
    }
}

}  // namespace

std::string toString(const Skill& skill) {
    return std::string(toString(skill.op)) + '/' + nameOf(skill.dtype);
}

std::optional<Skill> skillFrom(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view op = text.substr(0, slash);
    const auto* const which = std::ranges::find_if(kOps, [&](Op each) { return toString(each) == op; });
    const auto dtype = valueIn(kDtypes, std::string(text.substr(slash + 1)));
    return which != std::end(kOps) && dtype ? std::optional(Skill{*which, *dtype}) : std::nullopt;
}

std::vector<Skill> skillsFor(c10::ScalarType dtype) {
    std::vector<Skill> skills;
    for (const Op op : kOps) {
        if (op == Op::Resize) {
            skills.push_back({op, c10::kByte});
            continue;
        }
        skills.push_back({op, dtype});
        if (dtype != c10::kFloat) {
            skills.push_back({op, c10::kFloat});
        }
    }
    return skills;
}

std::string lineOf(const Verdict& verdict) {
    std::ostringstream line;
    line << kVerdict << '\t' << toString(verdict.skill) << '\t' << nameOf(verdict.state) << '\t'
         << verdict.ratio;
    return line.str();
}

std::optional<Verdict> verdictIn(const std::string& line) {
    const auto parts = partsOf(line);
    if (std::ranges::count(line, '\t') != 3 || parts.size() != 4 || parts[0] != kVerdict) {
        return std::nullopt;
    }
    const auto skill = skillFrom(parts[1]);
    const auto state = valueIn(kStates, parts[2]);
    std::istringstream number(parts[3]);
    double ratio = 0;
    if (!skill || !state || !(number >> ratio) || !number.eof() || !(ratio >= 0) || !std::isfinite(ratio)) {
        return std::nullopt;
    }
    return Verdict{*skill, *state, ratio};
}

std::vector<Verdict> recall(const std::filesystem::path& file, const Circumstances& circumstances) {
    const std::string beginning = beginningOf(circumstances);
    std::vector<Verdict> verdicts;
    eachLine(file, [&](const std::string& line) {
        if (!line.starts_with(beginning)) {
            return;
        }
        const auto verdict = verdictIn(line.substr(beginning.size()));
        if (verdict && std::ranges::find(verdicts, verdict->skill, &Verdict::skill) == verdicts.end()) {
            verdicts.push_back(*verdict);
        }
    });
    return verdicts;
}

void remember(const std::filesystem::path& file, const Circumstances& circumstances,
              std::span<const Verdict> verdicts) {
    if (file.empty()) {
        return;
    }
    const std::string beginning = beginningOf(circumstances);
    std::string all;
    eachLine(file, [&](const std::string& line) {
        if (!line.starts_with(beginning) && std::ranges::count(line, '\t') == 6) {
            all += line + '\n';
        }
    });
    for (const Verdict& verdict : verdicts) {
        if (verdict.state == Verdict::State::Untried) {
            continue;
        }
        all += beginning + lineOf(verdict) + '\n';
    }
    std::error_code none;
    std::filesystem::create_directories(file.parent_path(), none);
    static_cast<void>(process::writeWhole(file, all, {.durably = false}));
}

std::string announcementOf(const Skill& skill) {
    return std::string(kAnnouncement) + '\t' + toString(skill);
}

std::vector<Verdict> examineApart(std::span<const Skill> skills, const Run& run) {
    std::vector<Verdict> verdicts;
    std::vector<Skill> left(skills.begin(), skills.end());
    while (!left.empty()) {
        std::optional<Skill> begun;
        const std::size_t before = left.size();
        run(left, [&](const std::string& line) {
            const auto parts = partsOf(line);
            if (parts.size() == 2 && parts[0] == kAnnouncement) {
                begun = skillFrom(parts[1]);
            } else if (const auto verdict = verdictIn(line)) {
                begun.reset();
                if (std::erase(left, verdict->skill) > 0) {
                    verdicts.push_back(*verdict);
                }
            }
        });
        if (begun && std::erase(left, *begun) > 0) {
            verdicts.push_back({*begun, Verdict::State::Failed, 0});
        }
        if (left.size() == before) {
            break;  // It does not even begin.
        }
    }
    for (const Skill& skill : left) {
        verdicts.push_back({skill, Verdict::State::Untried, 0});
    }
    return verdicts;
}

std::vector<Verdict> verdictsOn(std::span<const Skill> skills, const std::filesystem::path& file,
                                const Circumstances& circumstances, const Run& run) {
    std::vector<Verdict> known = recall(file, circumstances);
    std::vector<Skill> unknown;
    std::ranges::copy_if(skills, std::back_inserter(unknown), [&](const Skill& skill) {
        return std::ranges::find(known, skill, &Verdict::skill) == known.end();
    });
    if (!unknown.empty()) {
        const auto found = examineApart(unknown, run);
        known.insert(known.end(), found.begin(), found.end());
        remember(file, circumstances, known);
    }
    std::vector<Verdict> wanted;
    for (const Skill& skill : skills) {
        wanted.push_back(*std::ranges::find(known, skill, &Verdict::skill));
    }
    return wanted;
}

std::string inWords(std::span<const Verdict> verdicts) {
    const auto inUse = std::ranges::count(verdicts, Verdict::State::Right, &Verdict::state);
    std::string words = std::to_string(inUse) + " of " + std::to_string(verdicts.size()) + " in use";
    std::string off;
    for (const Verdict& verdict : verdicts) {
        if (verdict.state != Verdict::State::Right) {
            off += (off.empty() ? "" : ", ") + toString(verdict.skill) + " (" + nameOf(verdict.state) + ')';
        }
    }
    return "GPU kernels of Easel's own: " + words + (off.empty() ? "." : "; off: " + off + '.');
}

}  // namespace easel::diffusion::gpu
