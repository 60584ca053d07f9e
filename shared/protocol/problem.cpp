// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/problem.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace easel::protocol {

namespace {

struct Kind {
    int status;
    std::string_view code;
    std::string_view title;
};

/// Every problem that a server tells; the first of a status is what the transport means by it.
constexpr Kind kKinds[] = {
    {400, "malformed", "The request cannot be read"},
    {401, "key_needed", "A key is needed"},
    {403, "forbidden", "Not allowed from there"},
    {403, "scope_missing", "The key does not allow this"},
    {404, "not_found", "Not found"},
    {405, "method_not_allowed", "The method does not fit this path"},
    {409, "conflict", "The request does not fit the present state"},
    {410, "ticket_invalid", "The code is no longer good"},
    {412, "precondition_failed", "It is not what it was"},
    {413, "too_large", "The request is too large"},
    {415, "unsupported_media_type", "The body is of the wrong type"},
    {416, "range_not_satisfiable", "There is no such part"},
    {417, "expectation_failed", "The expectation cannot be met"},
    {421, "wrong_host", "This server has another name"},
    {422, "invalid_field", "A field has a value that cannot be used"},
    {422, "too_much_work", "The request is too large for this server"},
    {422, "idempotency_key_reused", "The idempotency key was used before"},
    {422, "generation_failed", "The picture could not be made"},
    {429, "queue_full", "The queue is full"},
    {429, "queue_share_taken", "Your share of the queue is taken"},
    {429, "rate_exceeded", "Too many jobs in a minute"},
    {429, "inputs_full", "You have sent as many pictures as are kept for you"},
    {429, "too_many_wrong_keys", "Too many wrong keys"},
    {431, "too_large", "The request is too large"},
    {500, "internal", "Something went wrong inside Easel"},
    {503, "unavailable", "Not available just now"},
    {505, "version_not_supported", "The version of HTTP is not supported"},
    {507, "no_space", "No room on the disk"},
};

Problem make(const Kind& kind, std::string detail, std::optional<std::string> field = {}) {
    return {kind.status, std::string(kind.code), std::string(kind.title), std::move(detail),
            std::move(field)};
}

Problem make(std::string_view code, std::string detail, std::optional<std::string> field = {}) {
    return make(*std::ranges::find(kKinds, code, &Kind::code), std::move(detail), std::move(field));
}

constexpr std::string_view kNoSpace = "no_space";

}  // namespace

Problem invalidField(std::string field, std::string detail) {
    return make("invalid_field", std::move(detail), std::move(field));
}

Problem malformed(std::string detail) {
    return make("malformed", std::move(detail));
}

Problem notFound(const std::string& what) {
    return make("not_found", fmt::format("There is no {}.", what));
}

Problem conflict(std::string detail) {
    return make("conflict", std::move(detail));
}

Problem keyNeeded(std::string detail) {
    return make("key_needed", std::move(detail));
}

Problem scopeMissing(std::string detail) {
    return make("scope_missing", std::move(detail));
}

Problem tooManyWrongKeys(int seconds) {
    Problem problem = make("too_many_wrong_keys",
                           "Too many wrong keys came from this address; a right one is still taken. Try "
                           "again in " +
                               std::to_string(seconds) + " s.");
    problem.retryAfter = seconds;
    return problem;
}

Problem ticketInvalid() {
    return make("ticket_invalid",
                "This code was used already, is older than ten minutes, or is none. Ask for a new one with "
                "\"easel-server pair\" on the server's machine.");
}

Problem queueFull(int capacity) {
    return make("queue_full",
                fmt::format("All {} places in the queue are taken; try again in a moment.", capacity));
}

Problem queueShareTaken(int own, int capacity) {
    return make("queue_share_taken",
                fmt::format("You have {} of the {} places in the queue, and what is left is kept for others; "
                            "try again when some of your jobs have been drawn.",
                            own, capacity));
}

Problem rateExceeded(int most, int seconds) {
    Problem problem =
        make("rate_exceeded",
             fmt::format("This key may hand in {} jobs a minute. Try again in {} s.", most, seconds));
    problem.retryAfter = seconds;
    return problem;
}

Problem inputsFull(std::int64_t most) {
    return make(
        "inputs_full",
        fmt::format("The pictures that you have sent may take {} MiB in all. Delete some, or the jobs "
                    "that use them; those that no job uses go by themselves after a day.",
                    most >> 20));
}

Problem tooMuchWork(std::string field, std::string detail) {
    return make("too_much_work", std::move(detail), std::move(field));
}

Problem idempotencyKeyReused() {
    return make("idempotency_key_reused",
                "This Idempotency-Key came with another request; use a new one for each request.");
}

Problem unavailable(std::string detail) {
    constexpr int kMoment = 2;  // seconds
    Problem problem = make("unavailable", std::move(detail));
    problem.retryAfter = kMoment;
    return problem;
}

Problem noSpace(std::string detail) {
    return make(kNoSpace, std::move(detail));
}

bool isNoSpace(const Problem& problem) {
    return problem.code == kNoSpace;
}

Problem internalError(std::string detail) {
    return make("internal", std::move(detail));
}

Problem generationFailed(std::string detail) {
    return make("generation_failed", std::move(detail));
}

Problem ofStatus(int status, std::string detail) {
    const auto* kind = std::ranges::find(kKinds, status, &Kind::status);
    if (kind == std::end(kKinds)) {
        Problem problem = internalError(std::move(detail));
        problem.status = status;
        return problem;
    }
    return make(*kind, std::move(detail));
}

}  // namespace easel::protocol
