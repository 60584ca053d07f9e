// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "shared/protocol/generation_fields.h"
#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/routes.h"
#include "shared/protocol/timestamp.h"
#include "shared/text/base64.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

json write(const GenerationSettings& settings) {
    json value = json::object();
    forEachField([&](const auto& row) { value[row.name] = row.of(settings); });
    return value;
}

json write(const Progress& progress) {
    return {{"stage", toString(progress.stage)},
            {"step", progress.step},
            {"steps", progress.steps},
            {"eta_seconds", orNull(progress.etaSeconds)}};
}

json write(const MemoryEstimate& memory) {
    return {{"weights", memory.weights},
            {"drawing", memory.drawing},
            {"least", memory.least},
            {"available", orNull(memory.available)},
            {"fits", orNull(memory.fits())}};
}

json write(const ImageInfo& image) {
    return {{"index", image.index},   {"seed", image.seed},   {"width", image.width},
            {"height", image.height}, {"bytes", image.bytes}, {"content_type", image.contentType},
            {"note", image.note}};
}

json write(const Preview& preview) {
    return {{"index", preview.index},
            {"step", preview.step},
            {"steps", preview.steps},
            {"width", preview.width},
            {"height", preview.height},
            {"content_type", preview.contentType},
            {"data", text::toBase64(preview.bytes)}};
}

json write(const Hold& hold) {
    return {{"reason", toString(hold.reason)}, {"detail", hold.detail}, {"cure", hold.cure}};
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
            {"hold", job.hold ? write(*job.hold) : json(nullptr)},
            {"priority", job.priority},
            {"request_id", job.requestId},
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
    return {{"min_side", limits.minSide},
            {"max_side", limits.maxSide},
            {"side_multiple", limits.sideMultiple},
            {"min_steps", limits.minSteps},
            {"max_steps", limits.maxSteps},
            {"min_guidance", limits.minGuidance},
            {"max_guidance", limits.maxGuidance},
            {"max_count", limits.maxCount},
            {"max_seed", limits.maxSeed},
            {"max_prompt_bytes", limits.maxPromptBytes},
            {"max_queued", limits.maxQueued},
            {"max_input_side", limits.maxInputSide},
            {"max_input_pixels", limits.maxInputPixels},
            {"max_input_bytes", limits.maxInputBytes},
            {"max_work", orNull(limits.maxWork)}};
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
            {"strength", model.strength},
            {"sampler", model.sampler},
            {"example_prompts", model.examplePrompts},
            {"known_names", model.knownNames},
            {"known_words", model.knownWords},
            {"notes", model.notes},
            {"family", model.family},
            {"operations", model.operations},
            {"accelerations", model.accelerations},
            {"bytes", model.bytes},
            {"state", toString(model.state)},
            {"why", model.why},
            {"pulled", model.isPulled}};
}

json write(const DeviceInfo& device) {
    return {{"id", device.id},
            {"device", device.device},
            {"device_name", device.deviceName},
            {"precision", device.precision},
            {"state", toString(device.state)},
            {"message", device.message},
            {"running", device.running},
            {"capacity", device.capacity},
            {"memory_budget", device.memoryBudget},
            {"memory_used", device.memoryUsed},
            {"models", device.models}};
}

json write(const ModelNews& model) {
    return {{"id", model.id}, {"state", toString(model.state)}, {"why", model.why}};
}

}  // namespace

std::string toJson(const GenerationRequest& request) {
    json value = json::object();
    forEachField([&](const auto& row) {
        const auto& asked = row.of(request);
        if constexpr (requires { asked.has_value(); }) {
            if (asked) {
                value[row.name] = *asked;
            }
        } else if (!row.quiet || !asked.empty()) {
            value[row.name] = asked;
        }
    });
    return text(value);
}

std::string toJson(const GenerationSettings& settings) {
    return text(write(settings));
}
std::string toJson(const Job& job) {
    return text(write(job));
}
std::string toJson(const QueueState& queue) {
    return text({{"paused", queue.paused},
                 {"queued", queue.queued},
                 {"held", queue.held},
                 {"running", queue.running}});
}
std::string toJson(const Hold& hold) {
    return text(write(hold));
}
std::string toJson(const Progress& progress) {
    return text(write(progress));
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
        samplers.push_back({{"name", sampler.name},
                            {"title", sampler.title},
                            {"schedules", sampler.schedules},
                            {"takes_eta", sampler.takesEta}});
    }
    return text({{"version", info.version},
                 {"id", info.id},
                 {"device", info.device},
                 {"device_name", info.deviceName},
                 {"precision", info.precision},
                 {"ready", info.ready},
                 {"status", info.status},
                 {"device_warning", info.deviceWarning},
                 {"kernels", info.kernels},
                 {"default_model", info.defaultModel},
                 {"paused", info.paused},
                 {"queued", info.queued},
                 {"held", info.held},
                 {"running", info.running},
                 {"set_aside", info.setAside},
                 {"limits", write(info.limits)},
                 {"samplers", std::move(samplers)},
                 {"previews", info.previews}});
}

std::string toJson(const Estimate& estimate) {
    return text({{"request", write(estimate.settings)},
                 {"work", estimate.work},
                 {"seconds", orNull(estimate.seconds)},
                 {"ahead", estimate.ahead},
                 {"wait_seconds", orNull(estimate.waitSeconds)},
                 {"memory", estimate.memory ? write(*estimate.memory) : json(nullptr)},
                 {"fits", !estimate.problem},
                 {"problem", estimate.problem ? write(*estimate.problem) : json(nullptr)}});
}

std::string toJson(const ModelInfo& model) {
    return text(write(model));
}

std::string toJson(const ModelPage& page) {
    json list = json::array();
    for (const ModelInfo& model : page.models) {
        list.push_back(write(model));
    }
    return text({{"models", std::move(list)},
                 {"next", orNull(page.next)},
                 {"may_pull", page.mayPull},
                 {"free_bytes", orNull(page.freeBytes)}});
}

std::string toJson(const DeviceInfo& device) {
    return text(write(device));
}

std::string toJson(const std::vector<DeviceInfo>& devices) {
    json list = json::array();
    for (const DeviceInfo& device : devices) {
        list.push_back(write(device));
    }
    return text({{"devices", std::move(list)}});
}

std::string eventData(const ServerNews& news) {
    return std::visit(Overloaded{[](const PullInfo& pull) { return toJson(pull); },
                                 [](const auto& each) { return text(write(each)); }},
                      news);
}

std::string fieldsToJson(const Limits& limits) {
    const auto groupOf = [](FieldGroup group) {
        return json{{"name", toString(group)}, {"title", titleOf(group)}};
    };
    json fields = json::array();
    forEachField([&](const auto& row) {
        using Value = typename std::remove_cvref_t<decltype(row)>::Value;
        json field = {
            {"name", row.name}, {"title", row.title}, {"help", row.help}, {"group", groupOf(row.group)}};
        if constexpr (std::is_arithmetic_v<Value>) {
            if (row.range) {
                const auto [least, most] = row.range(limits);
                field["min"] = static_cast<Value>(least);
                field["max"] = static_cast<Value>(most);
                field["whole"] = std::is_integral_v<Value>;
            }
        }
        if (!row.choices.empty()) {
            field["choices"] = std::vector<std::string>(row.choices.begin(), row.choices.end());
        }
        if (!row.preset && (row.range || row.quiet)) {
            field["default"] = row.of(GenerationSettings());
        }
        fields.push_back(std::move(field));
    });
    return text({{"fields", std::move(fields)}});
}

std::string eventData(const JobEvent& event) {
    const auto part = [&](const auto& news) {
        json value = write(news);
        value["job"] = event.job;
        return text(value);
    };
    return std::visit(Overloaded{[](const Job& job) { return toJson(job); }, part}, event.news);
}

}  // namespace easel::protocol
