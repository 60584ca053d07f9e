// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/problem.h"

#include <utility>

namespace easel::protocol {

Problem invalidField(std::string field, std::string detail) {
    return {422, "invalid_field", "A field has a value that cannot be used", std::move(detail),
            std::move(field)};
}

Problem malformed(std::string detail) {
    return {400, "malformed", "The request cannot be read", std::move(detail), {}};
}

Problem notFound(const std::string& what) {
    return {404, "not_found", "Not found", "There is no " + what + ".", {}};
}

Problem conflict(std::string detail) {
    return {409, "conflict", "The request does not fit the present state", std::move(detail), {}};
}

Problem queueFull(int capacity) {
    return {429,
            "queue_full",
            "The queue is full",
            "All " + std::to_string(capacity) + " places in the queue are taken; try again in a moment.",
            {}};
}

Problem queueShareTaken(int own, int capacity) {
    return {429,
            "queue_share_taken",
            "Your share of the queue is taken",
            "You have " + std::to_string(own) + " of the " + std::to_string(capacity) +
                " places in the queue, and what is left is kept for others; try again when some of your jobs "
                "have been drawn.",
            {}};
}

Problem unavailable(std::string detail) {
    constexpr int kMoment = 2;  // seconds
    return {503, "unavailable", "Not ready to draw", std::move(detail), {}, kMoment};
}

Problem noSpace(std::string detail) {
    return {507, "no_space", "No room on the disk", std::move(detail), {}};
}

Problem internalError(std::string detail) {
    return {500, "internal", "Something went wrong inside Easel", std::move(detail), {}};
}

Problem generationFailed(std::string detail) {
    return {422, "generation_failed", "The picture could not be made", std::move(detail), {}};
}

}  // namespace easel::protocol
