// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "shared/protocol/routes.h"
#include "shared/protocol/strict_json.h"
#include "shared/protocol/timestamp.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

std::string text(const json& value) {
    // Text from strangers may hold invalid UTF-8; it becomes U+FFFD rather than an exception.
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename T>
json orNull(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

/// Reads the members of one JSON object and remembers the first thing that is wrong.
class Reader {
public:
    Reader(const json& object, std::string what) : m_object(object), m_what(std::move(what)) {
        if (!object.is_object()) {
            m_problem = malformed(m_what + " must be a JSON object.");
        }
    }

    /// Reads `key` into `target`; absent or null leaves it as it is.
    template <typename T>
    void read(const char* key, T& target) {
        const json* value = member(key);
        if (value) {
            assign(key, *value, target);
        }
    }

    template <typename T>
    void read(const char* key, std::optional<T>& target) {
        const json* value = member(key);
        if (value) {
            T read{};
            assign(key, *value, read);
            target = std::move(read);
        }
    }

    /// A member that `convert` turns from json into an Expected.
    template <typename T, typename Convert>
    void read(const char* key, T& target, Convert convert) {
        const json* value = member(key);
        if (!value) {
            return;
        }
        auto converted = convert(*value);
        if (converted) {
            target = std::move(*converted);
        } else {
            fail(std::move(converted.error()));
        }
    }

    template <typename Item, typename Convert>
    void readList(const char* key, std::vector<Item>& target, Convert convert) {
        const json* list = member(key);
        if (!list) {
            return;
        }
        if (!list->is_array()) {
            return fail(invalidField(key, std::string(key) + " must be a list."));
        }
        for (const json& item : *list) {
            auto converted = convert(item);
            if (!converted) {
                return fail(std::move(converted.error()));
            }
            target.push_back(std::move(*converted));
        }
    }

    void fail(Problem problem) {
        if (!m_problem) {
            m_problem = std::move(problem);
        }
    }

    template <typename T>
    Expected<T> finish(T value) {
        if (m_problem) {
            return tl::unexpected(*m_problem);
        }
        return value;
    }

private:
    const json* member(const char* key) const {
        if (m_problem) {
            return nullptr;
        }
        const auto found = m_object.find(key);
        return found == m_object.end() || found->is_null() ? nullptr : &*found;
    }

    void assign(const char* key, const json& value, std::string& target) {
        if (value.is_string()) {
            target = value.get<std::string>();
        } else {
            fail(invalidField(key, std::string(key) + " must be a text."));
        }
    }

    void assign(const char* key, const json& value, bool& target) {
        if (value.is_boolean()) {
            target = value.get<bool>();
        } else {
            fail(invalidField(key, std::string(key) + " must be true or false."));
        }
    }

    void assign(const char* key, const json& value, double& target) {
        if (value.is_number() && std::isfinite(value.get<double>())) {
            target = value.get<double>();
        } else {
            fail(invalidField(key, std::string(key) + " must be a number."));
        }
    }

    void assign(const char* key, const json& value, std::int64_t& target) { integer(key, value, target); }
    void assign(const char* key, const json& value, int& target) { integer(key, value, target); }

    /// Accepts 20 and 20.0, which is what some JSON writers make of 20.
    template <typename Integer>
    void integer(const char* key, const json& value, Integer& target) {
        constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double skips integers
        if (value.is_number_integer() &&
            !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)) {
            const auto wide = value.get<std::int64_t>();
            if (std::in_range<Integer>(wide)) {
                target = static_cast<Integer>(wide);
                return;
            }
            return fail(invalidField(key, std::string(key) + " is out of range."));
        }
        if (value.is_number_float()) {
            const double wide = value.get<double>();
            if (std::trunc(wide) == wide && std::abs(wide) < kExact &&
                std::in_range<Integer>(static_cast<std::int64_t>(wide))) {
                target = static_cast<Integer>(wide);
                return;
            }
        }
        fail(invalidField(key, std::string(key) + " must be a whole number."));
    }

    const json& m_object;
    std::string m_what;
    std::optional<Problem> m_problem;
};

Expected<std::string> textItem(const json& value) {
    if (!value.is_string()) {
        return tl::unexpected(malformed("A list of texts holds something else."));
    }
    return value.get<std::string>();
}

Expected<std::int64_t> timeItem(const json& value) {
    if (value.is_string()) {
        if (const auto time = parseTimestamp(value.get_ref<const std::string&>())) {
            return *time;
        }
    }
    return tl::unexpected(malformed("A time is not in RFC 3339 form."));
}

template <typename Enum>
auto enumItem(std::optional<Enum> (*from)(std::string_view), const char* what) {
    return [from, what](const json& value) -> Expected<Enum> {
        const auto found =
            value.is_string() ? from(value.get_ref<const std::string&>()) : std::optional<Enum>{};
        if (!found) {
            return tl::unexpected(malformed(std::string("Unknown ") + what + "."));
        }
        return *found;
    };
}

// --- writing -------------------------------------------------------------------------------------

json write(const GenerationSettings& settings) {
    return {{"model", settings.model},
            {"prompt", settings.prompt},
            {"negative_prompt", settings.negativePrompt},
            {"width", settings.width},
            {"height", settings.height},
            {"steps", settings.steps},
            {"guidance", settings.guidance},
            {"sampler", settings.sampler},
            {"schedule", settings.schedule},
            {"seed", settings.seed},
            {"count", settings.count}};
}

json write(const Progress& progress) {
    return {{"stage", toString(progress.stage)},
            {"step", progress.step},
            {"steps", progress.steps},
            {"eta_seconds", orNull(progress.etaSeconds)}};
}

json write(const ImageInfo& image) {
    return {{"index", image.index},   {"seed", image.seed},   {"width", image.width},
            {"height", image.height}, {"bytes", image.bytes}, {"content_type", image.contentType}};
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

json writeTime(const std::optional<std::int64_t>& time) {
    return time ? json(formatTimestamp(*time)) : json(nullptr);
}

json write(const Job& job) {
    json images = json::array();
    for (const ImageInfo& image : job.images) {
        json entry = write(image);
        entry["url"] = routes::jobImage(job.id, image.index);
        images.push_back(std::move(entry));
    }
    return {{"id", job.id},
            {"state", toString(job.state)},
            {"request", write(job.settings)},
            {"attempt", job.attempt},
            {"ahead", job.ahead},
            {"progress", write(job.progress)},
            {"images", std::move(images)},
            {"error", job.error ? write(*job.error) : json(nullptr)},
            {"created_at", formatTimestamp(job.createdAt)},
            {"started_at", writeTime(job.startedAt)},
            {"finished_at", writeTime(job.finishedAt)}};
}

json write(const Limits& limits) {
    return {{"min_side", limits.minSide},           {"max_side", limits.maxSide},
            {"side_multiple", limits.sideMultiple}, {"min_steps", limits.minSteps},
            {"max_steps", limits.maxSteps},         {"min_guidance", limits.minGuidance},
            {"max_guidance", limits.maxGuidance},   {"max_count", limits.maxCount},
            {"max_seed", limits.maxSeed},           {"max_prompt_bytes", limits.maxPromptBytes},
            {"max_queued", limits.maxQueued}};
}

json write(const ModelInfo& model) {
    return {{"id", model.id},
            {"title", model.title},
            {"description", model.description},
            {"licence", model.licence},
            {"width", model.width},
            {"height", model.height},
            {"steps", model.steps},
            {"guidance", model.guidance},
            {"sampler", model.sampler},
            {"example_prompts", model.examplePrompts},
            {"known_names", model.knownNames},
            {"known_words", model.knownWords}};
}

// --- reading -------------------------------------------------------------------------------------

Expected<GenerationSettings> readSettings(const json& value) {
    Reader reader(value, "The settings");
    GenerationSettings settings;
    reader.read("model", settings.model);
    reader.read("prompt", settings.prompt);
    reader.read("negative_prompt", settings.negativePrompt);
    reader.read("width", settings.width);
    reader.read("height", settings.height);
    reader.read("steps", settings.steps);
    reader.read("guidance", settings.guidance);
    reader.read("sampler", settings.sampler);
    reader.read("schedule", settings.schedule);
    reader.read("seed", settings.seed);
    reader.read("count", settings.count);
    return reader.finish(std::move(settings));
}

Expected<Progress> readProgress(const json& value) {
    Reader reader(value, "The progress");
    Progress progress;
    reader.read("stage", progress.stage, enumItem(stageFrom, "stage"));
    reader.read("step", progress.step);
    reader.read("steps", progress.steps);
    reader.read("eta_seconds", progress.etaSeconds);
    return reader.finish(progress);
}

Expected<ImageInfo> readImage(const json& value) {
    Reader reader(value, "The image");
    ImageInfo image;
    reader.read("index", image.index);
    reader.read("seed", image.seed);
    reader.read("width", image.width);
    reader.read("height", image.height);
    reader.read("bytes", image.bytes);
    reader.read("content_type", image.contentType);
    return reader.finish(std::move(image));
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

Expected<Job> readJob(const json& value) {
    Reader reader(value, "The job");
    Job job;
    reader.read("id", job.id);
    reader.read("state", job.state, enumItem(jobStateFrom, "job state"));
    reader.read("request", job.settings, readSettings);
    reader.read("attempt", job.attempt);
    reader.read("ahead", job.ahead);
    reader.read("progress", job.progress, readProgress);
    reader.readList("images", job.images, readImage);
    reader.read("error", job.error, readProblem);
    reader.read("created_at", job.createdAt, timeItem);
    reader.read("started_at", job.startedAt, timeItem);
    reader.read("finished_at", job.finishedAt, timeItem);
    if (job.id.empty()) {
        reader.fail(malformed("The job has no id."));
    }
    return reader.finish(std::move(job));
}

Expected<Limits> readLimits(const json& value) {
    Reader reader(value, "The limits");
    Limits limits;
    reader.read("min_side", limits.minSide);
    reader.read("max_side", limits.maxSide);
    reader.read("side_multiple", limits.sideMultiple);
    reader.read("min_steps", limits.minSteps);
    reader.read("max_steps", limits.maxSteps);
    reader.read("min_guidance", limits.minGuidance);
    reader.read("max_guidance", limits.maxGuidance);
    reader.read("max_count", limits.maxCount);
    reader.read("max_seed", limits.maxSeed);
    reader.read("max_prompt_bytes", limits.maxPromptBytes);
    reader.read("max_queued", limits.maxQueued);
    return reader.finish(limits);
}

Expected<ModelInfo> readModel(const json& value) {
    Reader reader(value, "The model");
    ModelInfo model;
    reader.read("id", model.id);
    reader.read("title", model.title);
    reader.read("description", model.description);
    reader.read("licence", model.licence);
    reader.read("width", model.width);
    reader.read("height", model.height);
    reader.read("steps", model.steps);
    reader.read("guidance", model.guidance);
    reader.read("sampler", model.sampler);
    reader.readList("example_prompts", model.examplePrompts, textItem);
    reader.readList("known_names", model.knownNames, textItem);
    reader.readList("known_words", model.knownWords, textItem);
    return reader.finish(std::move(model));
}

Expected<SamplerInfo> readSampler(const json& value) {
    Reader reader(value, "The sampler");
    SamplerInfo sampler;
    reader.read("name", sampler.name);
    reader.readList("schedules", sampler.schedules, textItem);
    return reader.finish(std::move(sampler));
}

template <typename Read>
auto parseWith(std::string_view body, Read read) {
    return parseStrict(body).and_then([&](const json& value) { return read(value); });
}

}  // namespace

std::string toJson(const GenerationRequest& request) {
    json value = {{"prompt", request.prompt}};
    const auto put = [&](const char* key, const auto& field) {
        if (field) {
            value[key] = *field;
        }
    };
    put("negative_prompt", request.negativePrompt);
    put("model", request.model);
    put("width", request.width);
    put("height", request.height);
    put("steps", request.steps);
    put("guidance", request.guidance);
    put("sampler", request.sampler);
    put("schedule", request.schedule);
    put("seed", request.seed);
    put("count", request.count);
    return text(value);
}

std::string toJson(const GenerationSettings& settings) {
    return text(write(settings));
}
std::string toJson(const Job& job) {
    return text(write(job));
}
std::string toJson(const Progress& progress) {
    return text(write(progress));
}
std::string toJson(const ImageInfo& image) {
    return text(write(image));
}
std::string toJson(const Problem& problem) {
    return text(write(problem));
}

std::string toJson(const JobPage& page) {
    json jobs = json::array();
    for (const Job& job : page.jobs) {
        jobs.push_back(write(job));
    }
    return text({{"jobs", std::move(jobs)}, {"next", orNull(page.next)}});
}

std::string toJson(const ServerInfo& info) {
    json samplers = json::array();
    for (const SamplerInfo& sampler : info.samplers) {
        samplers.push_back({{"name", sampler.name}, {"schedules", sampler.schedules}});
    }
    return text({{"version", info.version},
                 {"device", info.device},
                 {"device_name", info.deviceName},
                 {"ready", info.ready},
                 {"status", info.status},
                 {"default_model", info.defaultModel},
                 {"queued", info.queued},
                 {"running", info.running},
                 {"limits", write(info.limits)},
                 {"samplers", std::move(samplers)}});
}

std::string toJson(const std::vector<ModelInfo>& models) {
    json list = json::array();
    for (const ModelInfo& model : models) {
        list.push_back(write(model));
    }
    return text({{"models", std::move(list)}});
}

std::string eventData(const JobEvent& event) {
    switch (event.type) {
        case JobEventType::Progress:
            return toJson(event.job.progress);
        case JobEventType::Image:
            if (!event.job.images.empty()) {
                return toJson(event.job.images.back());
            }
            [[fallthrough]];
        case JobEventType::State:
        case JobEventType::Done:
            break;
    }
    return toJson(event.job);
}

Expected<GenerationRequest> parseRequest(std::string_view body) {
    static constexpr std::array<std::string_view, 11> kFields{
        "prompt",   "negative_prompt", "model",    "width", "height", "steps",
        "guidance", "sampler",         "schedule", "seed",  "count"};
    return parseWith(body, [](const json& value) -> Expected<GenerationRequest> {
        Reader reader(value, "The request");
        if (value.is_object()) {
            for (const auto& [key, ignored] : value.items()) {
                if (std::find(kFields.begin(), kFields.end(), key) == kFields.end()) {
                    reader.fail(
                        invalidField(key, "There is no field of this name; GET /openapi.json lists them."));
                }
            }
            if (!value.contains("prompt")) {
                reader.fail(invalidField("prompt", "Please specify a prompt."));
            }
        }
        GenerationRequest request;
        reader.read("prompt", request.prompt);
        reader.read("negative_prompt", request.negativePrompt);
        reader.read("model", request.model);
        reader.read("width", request.width);
        reader.read("height", request.height);
        reader.read("steps", request.steps);
        reader.read("guidance", request.guidance);
        reader.read("sampler", request.sampler);
        reader.read("schedule", request.schedule);
        reader.read("seed", request.seed);
        reader.read("count", request.count);
        return reader.finish(std::move(request));
    });
}

Expected<GenerationSettings> parseSettings(std::string_view body) {
    return parseWith(body, readSettings);
}
Expected<Job> parseJob(std::string_view body) {
    return parseWith(body, readJob);
}
Expected<Progress> parseProgress(std::string_view body) {
    return parseWith(body, readProgress);
}
Expected<ImageInfo> parseImageInfo(std::string_view body) {
    return parseWith(body, readImage);
}
Expected<Problem> parseProblem(std::string_view body) {
    return parseWith(body, readProblem);
}

Expected<JobPage> parseJobPage(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The page of jobs");
        JobPage page;
        reader.readList("jobs", page.jobs, readJob);
        reader.read("next", page.next);
        return reader.finish(std::move(page));
    });
}

Expected<ServerInfo> parseServerInfo(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The server's answer");
        ServerInfo info;
        reader.read("version", info.version);
        reader.read("device", info.device);
        reader.read("device_name", info.deviceName);
        reader.read("ready", info.ready);
        reader.read("status", info.status);
        reader.read("default_model", info.defaultModel);
        reader.read("queued", info.queued);
        reader.read("running", info.running);
        reader.read("limits", info.limits, readLimits);
        reader.readList("samplers", info.samplers, readSampler);
        if (info.version.empty()) {
            reader.fail(malformed("This does not look like an Easel server."));
        }
        return reader.finish(std::move(info));
    });
}

Expected<std::vector<ModelInfo>> parseModels(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The list of models");
        std::vector<ModelInfo> models;
        reader.readList("models", models, readModel);
        return reader.finish(std::move(models));
    });
}

Expected<JobEvent> parseEvent(std::string_view name, std::string_view data) {
    const auto type = jobEventTypeFrom(name);
    if (!type) {
        return tl::unexpected(malformed("Unknown event \"" + std::string(name) + "\"."));
    }
    return parseWith(data, [&](const json& value) -> Expected<JobEvent> {
        JobEvent event;
        event.type = *type;
        switch (*type) {
            case JobEventType::Progress:
                return readProgress(value).map([&](Progress progress) {
                    event.job.progress = progress;
                    return event;
                });
            case JobEventType::Image:
                return readImage(value).map([&](ImageInfo image) {
                    event.job.images.push_back(std::move(image));
                    return event;
                });
            case JobEventType::State:
            case JobEventType::Done:
                break;
        }
        return readJob(value).map([&](Job job) {
            event.job = std::move(job);
            return event;
        });
    });
}

}  // namespace easel::protocol
