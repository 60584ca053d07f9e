// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/api/api.h"
#include "server/jobs/input_records.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

/// The pictures that a request is drawn from. Each is the id of an input, or the picture itself in base64, as
/// a data URI or bare.
namespace easel::api {

/// Whether a picture stands in the request itself.
bool hasInlinePictures(const protocol::GenerationRequest& request);

/// `request` with ids in place of the pictures that stood in it, which are inputs of `owner`'s then. For
/// jobs::JobQueue::takeIn. Errors: 422 with the field; as jobs::InputStore::add.
protocol::Expected<protocol::GenerationRequest> takeInPictures(const Service& service,
                                                               protocol::GenerationRequest request,
                                                               const std::string& owner);

/// Errors: 422 with the field: it is no id of an input that `view` shows.
protocol::Expected<void> checkPictures(const Service& service, const protocol::GenerationRequest& request,
                                       const jobs::InputView& view);

}  // namespace easel::api
