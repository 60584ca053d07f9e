// SPDX-License-Identifier: Apache-2.0
#include "server/api/page_html.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <ranges>
#include <set>
#include <string_view>

#include "server/api/assets.h"
#include "server/http/target.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/routes.h"
#include "shared/protocol/validation.h"

namespace easel::api {

namespace {

using protocol::ImageInfo;
using protocol::Job;
using protocol::ModelInfo;

constexpr std::size_t kMaxThumbnails = 24;
constexpr std::size_t kMaxExamples = 3;
constexpr int kSmallSide = 384;  // pixels; a picture below is shown enlarged
/// Where the sliders end; the number beside each goes on to the server's own limit.
constexpr int kSliderSteps = 100;
constexpr double kSliderGuidance = 20;

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

std::string number(double value) {
    char text[32];
    const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value);
    return {text, end};
}

std::string option(std::string_view value, std::string_view label, bool selected) {
    return "<option value=\"" + escaped(value) + "\"" + (selected ? " selected" : "") + ">" + escaped(label) +
           "</option>\n";
}

/// Rows for the numbers that the page has no place of their own for.
std::string moreFields(const PageState& state, std::string_view page) {
    std::string rows;
    protocol::forEachNumber([&](const auto& row) {
        const std::string name = row.name;
        if (page.find("name=\"" + name + "\"") != std::string_view::npos) {
            return;
        }
        const auto value = row.of(state.request).value_or(row.of(protocol::GenerationSettings()));
        const auto [least, most] = row.range(state.server.limits);
        rows += "<div class=\"row\" title=\"" + escaped(row.help) + "\"><label for=\"" + name + "\">" +
                escaped(row.title) + "</label>\n<input id=\"" + name + "\" name=\"" + name +
                "\" type=\"number\" value=\"" + number(double(value)) + "\" min=\"" + number(least) +
                "\" max=\"" + number(most) + "\"></div>\n";
    });
    return rows;
}

const ModelInfo& chosenModel(const PageState& state) {
    static const ModelInfo kNone;
    const auto found = std::ranges::find(state.models, state.request.model.value_or(""), &ModelInfo::id);
    return found != state.models.end() ? *found : state.models.empty() ? kNone : state.models.front();
}

std::string modelTitle(const ModelInfo& model) {
    return model.title.empty() ? model.id : model.title;
}

std::string picture(const Job& job, const ImageInfo& image, std::string_view style) {
    return "<img src=\"" + protocol::routes::jobImage(job.id, image.index) + "\" width=\"" +
           std::to_string(image.width) + "\" height=\"" + std::to_string(image.height) + "\" alt=\"" +
           escaped(job.settings.prompt) + "\" class=\"" + std::string(style) + "\">\n";
}

/// "128 × 128 · 25 steps · guidance 3.5 · seed 41 · starter, ddim"
std::string settingsLine(const Job& job) {
    const auto& settings = job.settings;
    return std::to_string(settings.width) + " × " + std::to_string(settings.height) + " · " +
           std::to_string(settings.steps) + " steps · guidance " + number(settings.guidance) + " · seed " +
           std::to_string(settings.seed) + " · " + settings.model + ", " + settings.sampler;
}

std::string commaSeparated(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

/// The words that a small model has never seen, as a hint and not as an error.
std::string hint(const PageState& state) {
    const auto unknown = protocol::unknownWords(state.request.prompt, chosenModel(state));
    if (unknown.empty()) {
        return {};
    }
    return "This model has not learned: " + commaSeparated(unknown) + ".";
}

std::string examples(const ModelInfo& model) {
    std::string list;
    const std::size_t count = std::min(model.examplePrompts.size(), kMaxExamples);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string& prompt = model.examplePrompts[i];
        list += "<a class=\"example\" href=\"/?prompt=" + http::percentEncode(prompt) + "\">" +
                escaped(prompt) + "</a>\n";
    }
    return list;
}

std::string figure(const PageState& state) {
    if (!state.job) {
        return {};
    }
    std::string pictures;
    for (const ImageInfo& image : state.job->images) {
        const bool isSmall = std::max(image.width, image.height) < kSmallSide;
        pictures += picture(*state.job, image, isSmall ? "small" : "large");
    }
    return "<div class=\"pictures\">\n" + pictures + "</div>\n<figcaption><p class=\"words\">" +
           escaped(state.job->settings.prompt) + "</p>\n<p class=\"settings\">" +
           escaped(settingsLine(*state.job)) + "</p></figcaption>\n";
}

std::string thumbnails(const std::vector<Job>& recent) {
    std::string list;
    std::size_t count = 0;
    for (const Job& job : recent) {
        for (const ImageInfo& image : job.images | std::views::reverse) {
            if (++count > kMaxThumbnails) {
                return list;
            }
            list += "<li><a href=\"" + protocol::routes::jobImage(job.id, image.index) + "\" data-job=\"" +
                    escaped(job.id) + "\" data-image=\"" + std::to_string(image.index) + "\" title=\"" +
                    escaped(job.settings.prompt) + "\">" + picture(job, image, "thumbnail") + "</a></li>\n";
        }
    }
    return list;
}

std::string serverLine(const PageState& state) {
    const auto& server = state.server;
    if (!server.ready) {
        return server.status.empty() ? "Not ready" : server.status;
    }
    return modelTitle(chosenModel(state)) + " · " +
           (server.deviceName.empty() ? server.device : server.deviceName) + " · ready";
}

/// `template` with each {{name}} replaced.
std::string fill(std::string_view pattern, const std::map<std::string, std::string, std::less<>>& values) {
    std::string filled;
    while (true) {
        const std::size_t open = pattern.find("{{");
        const std::size_t close = pattern.find("}}", open);
        if (open == std::string_view::npos || close == std::string_view::npos) {
            return filled.append(pattern);
        }
        filled.append(pattern.substr(0, open));
        const auto value = values.find(pattern.substr(open + 2, close - open - 2));
        if (value != values.end()) {
            filled.append(value->second);
        }
        pattern.remove_prefix(close + 2);
    }
}

}  // namespace

std::string renderPage(const PageState& state) {
    const auto& request = state.request;
    const auto& limits = state.server.limits;
    const ModelInfo& model = chosenModel(state);
    const std::string sampler = request.sampler.value_or(model.sampler);
    const std::string schedule = request.schedule.value_or("default");

    std::string models;
    for (const ModelInfo& each : state.models) {
        models += option(each.id, modelTitle(each), &each == &model);
    }
    std::string samplers;
    std::set<std::string> schedules;
    for (const auto& each : state.server.samplers) {
        samplers += option(each.name, each.title, each.name == sampler);
        schedules.insert(each.schedules.begin(), each.schedules.end());
    }
    schedules.erase("default");
    std::string scheduleOptions = option("default", "default", schedule == "default");
    for (const std::string& each : schedules) {
        scheduleOptions += option(each, each, each == schedule);
    }
    const std::string negative = request.negativePrompt.value_or("");

    const std::string_view page = asset("page.html");
    return fill(page, {{"server_state", state.server.ready ? "ready" : "waiting"},
                       {"server_line", escaped(serverLine(state))},
                       {"prompt", escaped(request.prompt)},
                       {"max_prompt_bytes", std::to_string(limits.maxPromptBytes)},
                       {"hint", escaped(hint(state))},
                       {"known_names", escaped(commaSeparated(model.knownNames))},
                       {"known_hidden", model.knownNames.empty() ? " hidden" : ""},
                       {"negative_prompt", escaped(negative)},
                       {"negative_open", negative.empty() ? "" : " open"},
                       {"width", std::to_string(request.width.value_or(model.width))},
                       {"height", std::to_string(request.height.value_or(model.height))},
                       {"min_side", std::to_string(limits.minSide)},
                       {"max_side", std::to_string(limits.maxSide)},
                       {"side_multiple", std::to_string(limits.sideMultiple)},
                       {"steps", std::to_string(request.steps.value_or(model.steps))},
                       {"min_steps", std::to_string(limits.minSteps)},
                       {"max_steps", std::to_string(limits.maxSteps)},
                       {"slider_steps", std::to_string(std::min(limits.maxSteps, kSliderSteps))},
                       {"slider_guidance", number(std::min(limits.maxGuidance, kSliderGuidance))},
                       {"guidance", number(request.guidance.value_or(model.guidance))},
                       {"min_guidance", number(limits.minGuidance)},
                       {"max_guidance", number(limits.maxGuidance)},
                       {"seed", request.seed && *request.seed >= 0 ? std::to_string(*request.seed) : ""},
                       {"max_seed", std::to_string(limits.maxSeed)},
                       {"count", std::to_string(request.count.value_or(1))},
                       {"max_count", std::to_string(limits.maxCount)},
                       {"models", models},
                       {"samplers", samplers},
                       {"schedules", scheduleOptions},
                       {"more_fields", moreFields(state, page)},
                       {"setup", escaped(modelTitle(model) + " · " + sampler)},
                       {"problem", state.problem ? escaped(state.problem->detail) : ""},
                       {"problem_field", state.problem ? escaped(state.problem->field.value_or("")) : ""},
                       {"problem_hidden", state.problem ? "" : " hidden"},
                       {"figure", figure(state)},
                       {"figure_hidden", state.job ? "" : " hidden"},
                       {"empty_hidden", state.job || !state.recent.empty() ? " hidden" : ""},
                       {"examples", examples(model)},
                       {"history", thumbnails(state.recent)}});
}

}  // namespace easel::api
