// SPDX-License-Identifier: Apache-2.0
#include "server/doctor/report.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string_view>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace easel::doctor {

namespace {

using nlohmann::json;

std::vector<Finding> allOf(const Report& report) {
    std::vector<Finding> all = report.findings;
    for (const TrialResult& result : report.trials) {
        all.push_back(result.finding);
    }
    return all;
}

/// `text` behind `first`, and behind as many blanks from its second line on.
void addWrapped(std::vector<std::string>& lines, const std::string& first, const std::string& text,
                std::size_t width) {
    const std::string blanks(first.size(), ' ');
    std::string line = first;
    bool isBegun = false;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (isBegun && line.size() + 1 + word.size() > width) {
            lines.push_back(std::exchange(line, blanks));
            isBegun = false;
        }
        line += (isBegun ? " " : "") + word;
        isBegun = true;
    }
    lines.push_back(line);
}

/// "1 thing must be mended, 2 warnings."
std::string conclusion(const std::vector<Finding>& findings) {
    const auto wrong = std::ranges::count(findings, State::Wrong, &Finding::state);
    const auto warnings = std::ranges::count(findings, State::Warning, &Finding::state);
    std::string text = wrong == 0   ? "All is right"
                       : wrong == 1 ? "1 thing must be mended"
                                    : fmt::format("{} things must be mended", wrong);
    if (warnings > 0) {
        text += fmt::format(", with {} {}", warnings, warnings == 1 ? "warning" : "warnings");
    }
    return text + '.';
}

json write(const Finding& finding) {
    return {{"name", finding.name},
            {"state", toString(finding.state)},
            {"found", finding.found},
            {"cure", finding.cure}};
}

json write(const Likeness& likeness) {
    const bool hasNumber = likeness.problem.empty() && std::isfinite(likeness.decibels);
    return {{"stage", likeness.stage},
            {"right", likeness.isRight()},
            {"equal", likeness.problem.empty() && std::isinf(likeness.decibels) && likeness.decibels > 0},
            {"decibels", hasNumber ? json(likeness.decibels) : json(nullptr)},
            {"least_decibels", likeness.least},
            {"problem", likeness.problem}};
}

json write(const TrialResult& result) {
    json value = write(result.finding);
    value["device"] = result.trial.device;
    value["device_name"] = result.trial.name;
    value["precision"] = result.trial.precision;
    value["stages"] = json::array();
    for (const Likeness& likeness : result.likenesses) {
        value["stages"].push_back(write(likeness));
    }
    if (result.proof) {
        value["step_ms"] = medianStepMs(*result.proof);
        value["picture_seconds"] = result.proof->pictureSeconds;
        value["load_seconds"] = result.proof->loadSeconds;
        value["memory"] = result.proof->memory;
        value["memory_calculated"] = result.trial.memory;
    }
    return value;
}

}  // namespace

std::string_view toString(State state) {
    switch (state) {
        case State::Skipped:
            return "skipped";
        case State::Right:
            return "right";
        case State::Warning:
            return "warning";
        case State::Wrong:
            break;
    }
    return "wrong";
}

State worstOf(const Report& report) {
    const auto all = allOf(report);
    return all.empty() ? State::Skipped : std::ranges::max(all, {}, &Finding::state).state;
}

std::vector<std::string> tableOf(const Report& report, std::size_t width) {
    const auto all = allOf(report);
    std::size_t longest = 0;
    for (const Finding& finding : all) {
        longest = std::max(longest, finding.name.size());
    }
    std::vector<std::string> lines;
    for (const Finding& finding : all) {
        const std::string first =
            fmt::format("{:<{}}  {:<7}  ", finding.name, longest, toString(finding.state));
        addWrapped(lines, first, finding.found, width);
        if (!finding.cure.empty()) {
            addWrapped(lines, std::string(first.size(), ' ') + "-> ", finding.cure, width);
        }
    }
    lines.emplace_back();
    lines.push_back(conclusion(all));
    return lines;
}

std::string jsonOf(const Report& report) {
    json findings = json::array();
    for (const Finding& finding : report.findings) {
        findings.push_back(write(finding));
    }
    json trials = json::array();
    for (const TrialResult& result : report.trials) {
        trials.push_back(write(result));
    }
    return json{{"version", report.version},
                {"state", toString(worstOf(report))},
                {"findings", std::move(findings)},
                {"drawings", std::move(trials)}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace easel::doctor
