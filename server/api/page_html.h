// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::api {

/// What the browser page shows.
struct PageState {
    protocol::ServerInfo server;
    std::vector<protocol::ModelInfo> models;  ///< the default one first
    protocol::GenerationRequest request;      ///< what the form is filled in with
    std::optional<protocol::Job> job;         ///< whose pictures to show
    std::optional<protocol::Problem> problem;
    std::vector<protocol::Job> recent;  ///< newest first
};

/// The page as HTML; whatever came from a person or a file is escaped.
std::string renderPage(const PageState& state);

}  // namespace easel::api
