// SPDX-License-Identifier: Apache-2.0
#include "server/api/pictures.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "server/jobs/job_queue.h"
#include "shared/protocol/addition.h"
#include "shared/protocol/generation_pictures.h"
#include "shared/protocol/input_info.h"
#include "shared/text/base64.h"

namespace easel::api {

namespace {

using protocol::Expected;
using protocol::Problem;

/// The bytes of a picture that stands in a request.
std::optional<std::string> bytesOf(std::string_view text) {
    constexpr std::string_view kScheme = "data:";
    constexpr std::string_view kMark = ";base64,";
    if (text.starts_with(kScheme)) {
        const auto mark = text.find(kMark);
        if (mark == std::string_view::npos) {
            return {};
        }
        text.remove_prefix(mark + kMark.size());
    }
    return text::fromBase64(text);
}

/// What is wrong with the picture is wrong with the field; that there is no room is not.
Problem ofField(const char* field, Problem problem) {
    const bool isPicture = problem.status == 400 || problem.status == 413 || problem.status == 415;
    return isPicture ? protocol::invalidField(field, std::move(problem.detail)) : std::move(problem);
}

Expected<std::string> takeIn(const Service& service, const char* field, const std::string& text,
                             const std::string& owner) {
    const auto bytes = bytesOf(text);
    if (!bytes) {
        return tl::unexpected(protocol::invalidField(
            field, fmt::format("{} must be the id of a picture that was sent with POST /v1/inputs, or the "
                               "picture's file in base64.",
                               field)));
    }
    return service.queue.inputs()
        .add(owner, {reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()})
        .map([](const auto& added) { return added.info.id; })
        .map_error([&](Problem problem) { return ofField(field, std::move(problem)); });
}

}  // namespace

bool hasInlinePictures(const protocol::GenerationRequest& request) {
    bool has = false;
    protocol::forEachPicture(request, [&](const char* /*field*/, const std::string& text) {
        has = has || !protocol::isInputId(text);
    });
    return has;
}

Expected<protocol::GenerationRequest> takeInPictures(const Service& service,
                                                     protocol::GenerationRequest request,
                                                     const std::string& owner) {
    // Before all else, for each picture is unpacked and kept.
    std::optional<Problem> problem = protocol::objectionTo(request.controls);
    protocol::forEachPicture(request, [&](const char* field, std::string& text) {
        if (problem || protocol::isInputId(text)) {
            return;
        }
        if (auto id = takeIn(service, field, text, owner)) {
            text = std::move(*id);
        } else {
            problem = std::move(id.error());
        }
    });
    if (problem) {
        return tl::unexpected(std::move(*problem));
    }
    return request;
}

Expected<void> checkPictures(const Service& service, const protocol::GenerationRequest& request,
                             const jobs::InputView& view) {
    std::optional<Problem> problem;
    protocol::forEachPicture(request, [&](const char* field, const std::string& id) {
        if (problem) {
            return;
        }
        if (!protocol::isInputId(id)) {
            problem = protocol::invalidField(
                field,
                fmt::format("{} must be the id of a picture; send it with POST /v1/inputs first.", field));
        } else if (const auto found = service.queue.inputs().find(id, view); !found) {
            problem = found.error().status != 404
                          ? found.error()
                          : protocol::invalidField(
                                field, fmt::format("There is no such picture, or it went after a day unused: "
                                                   "{}. Send it with POST /v1/inputs.",
                                                   id));
        }
    });
    return problem ? Expected<void>(tl::unexpected(std::move(*problem))) : Expected<void>();
}

}  // namespace easel::api
