// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/addon_info.h"
#include "shared/protocol/device_info.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/input_info.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/server_news.h"
#include "shared/protocol/token_count.h"

/// The wire: values to JSON text and back. JSON itself stays inside this folder's .cpp files.
/// Readers of what a server says ignore keys that they do not know, so that an older client can talk to
/// a newer server; `parseRequest` refuses them, so that a mistyped field is never silently lost.
namespace easel::protocol {

std::string toJson(const GenerationRequest& request);
std::string toJson(const GenerationSettings& settings);
std::string toJson(const Job& job);
std::string toJson(const JobPage& page);
std::string toJson(const QueueState& queue);
std::string toJson(const Hold& hold);
std::string toJson(const Progress& progress);
std::string toJson(const Problem& problem);
std::string toJson(const ServerInfo& info);
std::string toJson(const Estimate& estimate);
std::string toJson(const ModelInfo& model);
std::string toJson(const ModelPage& page);
std::string toJson(const DeviceInfo& device);
std::string toJson(const std::vector<DeviceInfo>& devices);
std::string toJson(const PullInfo& pull);
std::string toJson(const std::vector<PullInfo>& pulls);
std::string toJson(const PullRequest& request);
std::string toJson(const InputInfo& input);
std::string toJson(const HubModel& model);
std::string toJson(const std::vector<HubHit>& hits);
std::string toJson(const std::vector<AddonInfo>& addons);
std::string toJson(const TokenQuestion& question);
std::string toJson(const TokenCount& count);
/// The table, for a form: {"fields": […]}, each with its words and its group; a number with its range here
/// and whether it is whole, a choice with its choices, and a `default` unless each model has its own, under
/// the same name.
std::string fieldsToJson(const Limits& limits);
/// The `data` of an event on the wire: what is new, with the job's id under "job" where that is a part.
std::string eventData(const JobEvent& event);
std::string eventData(const ServerNews& news);

/// A request as a client sent it: types and unknown fields are checked here, bounds by `resolve`.
Expected<GenerationRequest> parseRequest(std::string_view json);
Expected<GenerationSettings> parseSettings(std::string_view json);
Expected<Job> parseJob(std::string_view json);
Expected<JobPage> parseJobPage(std::string_view json);
Expected<QueueState> parseQueueState(std::string_view json);
Expected<Hold> parseHold(std::string_view json);
/// What a client asks for; unknown fields are refused, as by `parseRequest`.
Expected<Move> parseMove(std::string_view json);
Expected<Progress> parseProgress(std::string_view json);
Expected<Problem> parseProblem(std::string_view json);
Expected<ServerInfo> parseServerInfo(std::string_view json);
Expected<Estimate> parseEstimate(std::string_view json);
Expected<ModelPage> parseModelPage(std::string_view json);
/// What a client asks for; unknown fields are refused, as by `parseRequest`.
Expected<PullRequest> parsePullRequest(std::string_view json);
Expected<PullInfo> parsePull(std::string_view json);
Expected<std::vector<PullInfo>> parsePulls(std::string_view json);
Expected<InputInfo> parseInput(std::string_view json);
Expected<HubModel> parseHubModel(std::string_view json);
Expected<std::vector<HubHit>> parseHubHits(std::string_view json);
Expected<std::vector<AddonInfo>> parseAddons(std::string_view json);
/// What a client asks for; unknown fields are refused, as by `parseRequest`.
Expected<TokenQuestion> parseTokenQuestion(std::string_view json);
Expected<TokenCount> parseTokenCount(std::string_view json);
/// `type` is the SSE event's name, `data` its text.
Expected<JobEvent> parseEvent(std::string_view type, std::string_view data);

}  // namespace easel::protocol
