// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace easel::protocol {

/// What went wrong, in words for a person and a code for a program (RFC 9457 problem details).
/// The one error type of Easel: made where the failure is known, shown where a person is.
struct Problem {
    int status = 500;                  ///< The HTTP status it is answered with.
    std::string code;                  ///< Stable, snake_case: "invalid_field", "queue_full", …
    std::string title;                 ///< A few words, the same for every problem of this code.
    std::string detail;                ///< What happened, why, and what to do about it.
    std::optional<std::string> field;  ///< The request field at fault, by its JSON name.
    std::optional<int> retryAfter{};   ///< Seconds until asking again makes sense; HTTP's Retry-After.

    bool operator==(const Problem&) const = default;
};

template <typename T>
using Expected = tl::expected<T, Problem>;

/// 422: `field` has a value that cannot be used; `detail` names the limit.
Problem invalidField(std::string field, std::string detail);
/// 400: the request cannot be read at all.
Problem malformed(std::string detail);
/// 401: there is no key, or none that is known.
Problem keyNeeded(std::string detail);
/// 403: the key is known and has not the scope for this.
Problem scopeMissing(std::string detail);
/// 429: the next wrong key is looked at in `seconds`.
Problem tooManyWrongKeys(int seconds);
/// 410: the pairing code is used, too old, or none.
Problem ticketInvalid();
/// 404: `what` ("job j_12") does not exist.
Problem notFound(const std::string& what);
/// 409: the request does not fit the state of things.
Problem conflict(std::string detail);
/// 429: the queue is full.
Problem queueFull(int capacity);
/// 429: of the `capacity` places in the queue the client has `own`, and what is left is kept for others.
Problem queueShareTaken(int own, int capacity);
/// 429: the key has handed in the `most` jobs that it may in a minute.
Problem rateExceeded(int most, int seconds);
/// 429: the client's input pictures take the `most` bytes that they may.
Problem inputsFull(std::int64_t most);
/// 422: the request is more than this server draws at a time; a smaller `field` is less.
Problem tooMuchWork(std::string field, std::string detail);
/// 422: the key came with another request.
Problem idempotencyKeyReused();
/// 503: nothing can draw just now; it may again in a moment.
Problem unavailable(std::string detail);
/// 507: there is no room on the server's disk.
Problem noSpace(std::string detail);
bool isNoSpace(const Problem& problem);
/// 500: our fault.
Problem internalError(std::string detail);
/// 422: a picture could not be made (non-finite numbers, a model that is not supported, …).
Problem generationFailed(std::string detail);
/// What the transport refuses with `status`.
Problem ofStatus(int status, std::string detail);

}  // namespace easel::protocol
