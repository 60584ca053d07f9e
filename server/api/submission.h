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

/// How a request is queued.
struct Submitting {
    std::optional<std::string> key = {};  ///< its Idempotency-Key
    int priority = 0;
    /// A model of the hub's that is not here is waited for. What the request leaves out is then as Easel has
    /// it, for the model cannot be asked.
    bool holdsMissing = false;
};

/// Fills in and checks what `asking` asks for, and queues it; who asks takes turns with others (ownerOf).
protocol::Expected<protocol::Job> submit(const Service& service, const protocol::GenerationRequest& request,
                                         const http::Request& asking, const Submitting& how = {});

/// What would come of `submit`.
protocol::Expected<protocol::Estimate> estimate(const Service& service,
                                                const protocol::GenerationRequest& request,
                                                const http::Request& asking);

/// The fields of a form or a query as a request. An empty field counts as absent; unknown fields and what
/// is no number are refused by name.
protocol::Expected<protocol::GenerationRequest> parseForm(const http::Query& fields);

}  // namespace easel::api
