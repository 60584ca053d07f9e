// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Where things are on the wire; server and client both build their paths from here.
namespace easel::protocol::routes {

inline constexpr std::string_view kJobs = "/v1/jobs";
inline constexpr std::string_view kEvents = "/v1/events";
inline constexpr std::string_view kQueue = "/v1/queue";
inline constexpr std::string_view kQueuePause = "/v1/queue/pause";
inline constexpr std::string_view kQueueResume = "/v1/queue/resume";
inline constexpr std::string_view kServer = "/v1/server";
inline constexpr std::string_view kEstimate = "/v1/estimate";
inline constexpr std::string_view kInputs = "/v1/inputs";
inline constexpr std::string_view kModels = "/v1/models";
inline constexpr std::string_view kTokens = "/v1/tokens";
inline constexpr std::string_view kAddons = "/v1/addons";
inline constexpr std::string_view kDevices = "/v1/devices";
inline constexpr std::string_view kKeys = "/v1/keys";
inline constexpr std::string_view kOwnKey = "/v1/keys/self";
inline constexpr std::string_view kLogin = "/login";
inline constexpr std::string_view kLogout = "/logout";
inline constexpr std::string_view kPair = "/v1/pair";
inline constexpr std::string_view kPulls = "/v1/pulls";
inline constexpr std::string_view kLog = "/v1/log";
inline constexpr std::string_view kHub = "/v1/hub";
inline constexpr std::string_view kLive = "/livez";
inline constexpr std::string_view kReady = "/readyz";
inline constexpr std::string_view kMetrics = "/metrics";
inline constexpr std::string_view kOpenApi = "/openapi.json";

std::string job(std::string_view id);
std::string jobEvents(std::string_view id);
std::string jobCancel(std::string_view id);
std::string jobMove(std::string_view id);
std::string jobRelease(std::string_view id);
std::string jobImage(std::string_view id, int index);
std::string input(std::string_view id);
std::string key(std::string_view id);
/// `id` may hold one slash, as those of the hub do: OWNER/NAME.
std::string model(std::string_view id);
std::string modelLoad(std::string_view id);
std::string modelUnload(std::string_view id);
std::string modelVerify(std::string_view id);
std::string device(std::string_view id);
std::string deviceDrain(std::string_view id);
std::string deviceResume(std::string_view id);
std::string pull(std::string_view id);
std::string pullCancel(std::string_view id);
/// `id` is OWNER/NAME.
std::string hubModel(std::string_view id);

inline constexpr int kDefaultPort = 5000;

}  // namespace easel::protocol::routes
