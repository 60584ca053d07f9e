// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "server/api/api.h"
#include "server/http/request.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

/// From what a client asks for to a job in the queue.
namespace easel::api {

/// Fills in and checks `request`, and queues it. `client` takes turns with others (ownerOf);
/// `key` is its Idempotency-Key.
protocol::Expected<protocol::Job> submit(const Service& service, const protocol::GenerationRequest& request,
                                         const std::string& client,
                                         const std::optional<std::string>& key = {}, int priority = 0);

/// What would come of `submit`.
protocol::Expected<protocol::Estimate> estimate(const Service& service,
                                                const protocol::GenerationRequest& request,
                                                const std::string& client);

/// The fields of a form or a query as a request. An empty field counts as absent; unknown fields and what
/// is no number are refused by name.
protocol::Expected<protocol::GenerationRequest> parseForm(const http::Query& fields);

}  // namespace easel::api
