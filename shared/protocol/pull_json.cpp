// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <nlohmann/json.hpp>

#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

json write(const PullInfo& pull) {
    const PullProgress& progress = pull.progress;
    return {{"id", pull.id},
            {"task", toString(pull.task)},
            {"model", pull.request.model},
            {"revision", pull.request.revision},
            {"variant", pull.request.variant},
            {"state", toString(pull.state)},
            {"progress",
             {{"files_done", progress.filesDone},
              {"files", progress.files},
              {"bytes_done", progress.bytesDone},
              {"bytes", progress.bytes},
              {"bytes_per_second", progress.bytesPerSecond}}},
            {"commit", pull.commit},
            {"licence", pull.licence},
            {"problem", pull.problem ? write(*pull.problem) : json(nullptr)}};
}

void readRequest(Reader& reader, PullRequest& request) {
    reader.read("model", request.model);
    reader.read("revision", request.revision);
    reader.read("variant", request.variant);
}

Expected<PullProgress> readProgress(const json& value) {
    Reader reader(value, "The progress");
    PullProgress progress;
    reader.read("files_done", progress.filesDone);
    reader.read("files", progress.files);
    reader.read("bytes_done", progress.bytesDone);
    reader.read("bytes", progress.bytes);
    reader.read("bytes_per_second", progress.bytesPerSecond);
    return reader.finish(progress);
}

Expected<PullInfo> readPull(const json& value) {
    Reader reader(value, "The pull");
    PullInfo pull;
    reader.read("id", pull.id);
    reader.read("task", pull.task, enumItemOr(pullTaskFrom, PullTask::Fetch));
    readRequest(reader, pull.request);
    reader.read("state", pull.state, enumItemOr(pullStateFrom, PullState::Running));
    reader.read("progress", pull.progress, readProgress);
    reader.read("commit", pull.commit);
    reader.read("licence", pull.licence);
    reader.read("problem", pull.problem, readProblem);
    if (pull.id.empty()) {
        reader.fail(malformed("The pull has no id."));
    }
    return reader.finish(std::move(pull));
}

}  // namespace

std::string toJson(const PullInfo& pull) {
    return text(write(pull));
}

std::string toJson(const std::vector<PullInfo>& pulls) {
    json list = json::array();
    for (const PullInfo& pull : pulls) {
        list.push_back(write(pull));
    }
    return text({{"pulls", std::move(list)}});
}

std::string toJson(const PullRequest& request) {
    return text({{"model", request.model}, {"revision", request.revision}, {"variant", request.variant}});
}

Expected<PullRequest> parsePullRequest(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) -> Expected<PullRequest> {
        Reader reader(value, "The request");
        PullRequest request;
        reader.refuseOthers({"model", "revision", "variant"});
        readRequest(reader, request);
        if (!isHubName(request.model)) {
            reader.fail(invalidField("model", "Say the model's name on the hub: OWNER/NAME."));
        }
        return reader.finish(std::move(request));
    });
}

Expected<PullInfo> parsePull(std::string_view body) {
    return parseStrict(body).and_then(readPull);
}

Expected<std::vector<PullInfo>> parsePulls(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The list of pulls");
        std::vector<PullInfo> pulls;
        reader.readList("pulls", pulls, readPull);
        return reader.finish(std::move(pulls));
    });
}

}  // namespace easel::protocol
