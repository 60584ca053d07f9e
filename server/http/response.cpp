// SPDX-License-Identifier: Apache-2.0
#include "server/http/response.h"

#include <utility>

namespace easel::http {

Response textResponse(int status, std::string text, std::string_view contentType) {
    return {status, {{"Content-Type", std::string(contentType)}}, std::move(text)};
}

}  // namespace easel::http
