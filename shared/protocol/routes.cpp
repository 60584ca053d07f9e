// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/routes.h"

#include <fmt/core.h>

namespace easel::protocol::routes {

std::string job(std::string_view id) {
    return fmt::format("{}/{}", kJobs, id);
}

std::string jobEvents(std::string_view id) {
    return job(id) + "/events";
}

std::string jobCancel(std::string_view id) {
    return job(id) + "/cancel";
}

std::string jobMove(std::string_view id) {
    return job(id) + "/move";
}

std::string jobRelease(std::string_view id) {
    return job(id) + "/release";
}

std::string jobImage(std::string_view id, int index) {
    return fmt::format("{}/images/{}", job(id), index);
}

std::string input(std::string_view id) {
    return fmt::format("{}/{}", kInputs, id);
}

std::string key(std::string_view id) {
    return std::string(kKeys) + "/" + std::string(id);
}

std::string model(std::string_view id) {
    return fmt::format("{}/{}", kModels, id);
}

std::string modelLoad(std::string_view id) {
    return model(id) + "/load";
}

std::string modelUnload(std::string_view id) {
    return model(id) + "/unload";
}

std::string modelVerify(std::string_view id) {
    return model(id) + "/verify";
}

std::string device(std::string_view id) {
    return fmt::format("{}/{}", kDevices, id);
}

std::string deviceDrain(std::string_view id) {
    return device(id) + "/drain";
}

std::string deviceResume(std::string_view id) {
    return device(id) + "/resume";
}

std::string pull(std::string_view id) {
    return std::string(kPulls) + "/" + std::string(id);
}

std::string pullCancel(std::string_view id) {
    return pull(id) + "/cancel";
}

std::string hubModel(std::string_view id) {
    return fmt::format("{}/{}", kHub, id);
}

}  // namespace easel::protocol::routes
