// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "shared/protocol/generation_fields.h"
#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"
#include "shared/text/base64.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

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

void readField(Reader& reader, const char* name, std::vector<LoraUse>& target, Strict strict) {
    reader.readList(name, target, [strict](const json& value) { return readLora(value, strict); });
}
void readField(Reader& reader, const char* name, std::vector<ControlUse>& target, Strict strict) {
    reader.readList(name, target, [strict](const json& value) { return readControl(value, strict); });
}
template <typename T>
void readField(Reader& reader, const char* name, T& target, Strict /*strict*/) {
    reader.read(name, target);
}

template <typename Request>
void readFields(Reader& reader, Request& request, Strict strict) {
    forEachField([&](const auto& row) { readField(reader, row.name, row.of(request), strict); });
}

Expected<GenerationSettings> readSettings(const json& value) {
    Reader reader(value, "The settings");
    GenerationSettings settings;
    readFields(reader, settings, Strict::No);
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

Expected<MemoryEstimate> readMemory(const json& value) {
    Reader reader(value, "The memory");
    MemoryEstimate memory;
    reader.read("weights", memory.weights);
    reader.read("drawing", memory.drawing);
    reader.read("least", memory.least);
    reader.read("available", memory.available);
    return reader.finish(memory);
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
    reader.read("note", image.note);
    return reader.finish(std::move(image));
}

Expected<Preview> readPreview(const json& value) {
    Reader reader(value, "The preview");
    Preview preview;
    std::string data;
    reader.read("index", preview.index);
    reader.read("step", preview.step);
    reader.read("steps", preview.steps);
    reader.read("width", preview.width);
    reader.read("height", preview.height);
    reader.read("content_type", preview.contentType);
    reader.read("data", data);
    const auto [least, most] = std::minmax(preview.width, preview.height);
    auto bytes = data.size() <= 2 * kMaxPreviewBytes ? text::fromBase64(data) : std::nullopt;
    if (!bytes || bytes->empty() || bytes->size() > kMaxPreviewBytes || least < 1 || most > kMaxPreviewSide) {
        reader.fail(malformed("The preview is no small picture."));
    } else {
        preview.bytes = std::move(*bytes);
    }
    return reader.finish(std::move(preview));
}

Expected<Hold> readHold(const json& value) {
    Reader reader(value, "The hold");
    Hold hold;
    reader.read("reason", hold.reason, enumItemOr(holdReasonFrom, HoldReason::Other));
    reader.read("detail", hold.detail);
    reader.read("cure", hold.cure);
    return reader.finish(std::move(hold));
}

Expected<Job> readJob(const json& value) {
    Reader reader(value, "The job");
    Job job;
    reader.read("id", job.id);
    reader.read("finished_at", job.finishedAt, timeItem);
    reader.read("state", job.state,
                enumItemOr(jobStateFrom, job.finishedAt ? JobState::Failed : JobState::Queued));
    reader.read("request", job.settings, readSettings);
    reader.read("hold", job.hold, readHold);
    reader.read("priority", job.priority);
    reader.read("request_id", job.requestId);
    reader.read("attempt", job.attempt);
    reader.read("ahead", job.ahead);
    reader.read("progress", job.progress, readProgress);
    reader.readList("images", job.images, readImage);
    reader.read("error", job.error, readProblem);
    reader.read("created_at", job.createdAt, timeItem);
    reader.read("started_at", job.startedAt, timeItem);
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
    reader.read("max_input_side", limits.maxInputSide);
    reader.read("max_input_pixels", limits.maxInputPixels);
    reader.read("max_input_bytes", limits.maxInputBytes);
    reader.read("max_work", limits.maxWork);
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
    reader.read("strength", model.strength);
    reader.read("sampler", model.sampler);
    reader.readList("example_prompts", model.examplePrompts, textItem);
    reader.readList("known_names", model.knownNames, textItem);
    reader.readList("known_words", model.knownWords, textItem);
    reader.readList("notes", model.notes, textItem);
    reader.read("family", model.family);
    reader.readList("operations", model.operations, textItem);
    reader.readList("accelerations", model.accelerations, textItem);
    reader.read("bytes", model.bytes);
    reader.read("state", model.state, enumItemOr(modelStateFrom, ModelState::Available));
    reader.read("why", model.why);
    reader.read("pulled", model.isPulled);
    return reader.finish(std::move(model));
}

Expected<SamplerInfo> readSampler(const json& value) {
    Reader reader(value, "The sampler");
    SamplerInfo sampler;
    reader.read("name", sampler.name);
    reader.read("title", sampler.title);
    reader.readList("schedules", sampler.schedules, textItem);
    reader.read("takes_eta", sampler.takesEta);
    return reader.finish(std::move(sampler));
}

template <typename Read>
auto parseWith(std::string_view body, Read read) {
    return parseStrict(body).and_then([&](const json& value) { return read(value); });
}

}  // namespace

Expected<GenerationRequest> parseRequest(std::string_view body) {
    static constexpr auto kFields = fieldNames();
    return parseWith(body, [](const json& value) -> Expected<GenerationRequest> {
        Reader reader(value, "The request");
        reader.refuseOthers(kFields);
        if (value.is_object() && (!value.contains("prompt") || value["prompt"].is_null())) {
            reader.fail(invalidField("prompt", "Please specify a prompt."));
        }
        GenerationRequest request;
        readFields(reader, request, Strict::Yes);
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
        reader.read("id", info.id);
        reader.read("device", info.device);
        reader.read("device_name", info.deviceName);
        reader.read("precision", info.precision);
        reader.read("ready", info.ready);
        reader.read("status", info.status);
        reader.read("device_warning", info.deviceWarning);
        reader.read("kernels", info.kernels);
        reader.read("default_model", info.defaultModel);
        reader.read("paused", info.paused);
        reader.read("queued", info.queued);
        reader.read("held", info.held);
        reader.read("running", info.running);
        reader.read("set_aside", info.setAside);
        reader.read("limits", info.limits, readLimits);
        reader.readList("samplers", info.samplers, readSampler);
        reader.read("previews", info.previews);
        if (info.version.empty()) {
            reader.fail(malformed("This does not look like an Easel server."));
        }
        return reader.finish(std::move(info));
    });
}

Expected<Estimate> parseEstimate(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The estimate");
        Estimate estimate;
        reader.read("request", estimate.settings, readSettings);
        reader.read("work", estimate.work);
        reader.read("seconds", estimate.seconds);
        reader.read("ahead", estimate.ahead);
        reader.read("wait_seconds", estimate.waitSeconds);
        reader.read("memory", estimate.memory, readMemory);
        reader.read("problem", estimate.problem, readProblem);
        return reader.finish(std::move(estimate));
    });
}

Expected<ModelPage> parseModelPage(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The list of models");
        ModelPage page;
        reader.readList("models", page.models, readModel);
        reader.read("next", page.next);
        reader.read("may_pull", page.mayPull);
        reader.read("free_bytes", page.freeBytes);
        return reader.finish(std::move(page));
    });
}

Expected<QueueState> parseQueueState(std::string_view body) {
    return parseWith(body, [](const json& value) {
        Reader reader(value, "The queue");
        QueueState queue;
        reader.read("paused", queue.paused);
        reader.read("queued", queue.queued);
        reader.read("held", queue.held);
        reader.read("running", queue.running);
        return reader.finish(queue);
    });
}

Expected<Hold> parseHold(std::string_view body) {
    return parseWith(body, readHold);
}

Expected<Move> parseMove(std::string_view body) {
    return parseWith(body, [](const json& value) -> Expected<Move> {
        Reader reader(value, "The move");
        Move move;
        bool first = false;
        reader.refuseOthers({"first", "before", "priority"});
        reader.read("first", first);
        reader.read("before", move.before);
        reader.read("priority", move.priority);
        if (int(first) + int(move.before.has_value()) + int(move.priority.has_value()) != 1) {
            reader.fail(invalidField("first",
                                     "Say one of \"first\": true, \"before\": a job's id, and "
                                     "\"priority\": a number."));
        }
        if (move.priority && !isPriority(*move.priority)) {
            reader.fail(priorityOutOfRange());
        }
        return reader.finish(std::move(move));
    });
}

Expected<JobEvent> parseEvent(std::string_view name, std::string_view data) {
    return parseWith(data, [&](const json& value) -> Expected<JobEvent> {
        const auto part = [&](auto news) {
            Reader reader(value, "The event");
            JobEvent event{0, {}, std::move(news)};
            reader.read("job", event.job);
            return reader.finish(std::move(event));
        };
        if (name == "state" || name == "done") {
            return readJob(value).map([](Job job) { return JobEvent{0, job.id, std::move(job)}; });
        }
        if (name == "progress") {
            return readProgress(value).and_then(part);
        }
        if (name == "image") {
            return readImage(value).and_then(part);
        }
        if (name == "preview") {
            return readPreview(value).and_then(part);
        }
        return tl::unexpected(malformed("Unknown event \"" + std::string(name) + "\"."));
    });
}

}  // namespace easel::protocol
