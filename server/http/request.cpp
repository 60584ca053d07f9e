// SPDX-License-Identifier: Apache-2.0
#include "server/http/request.h"

namespace easel::http {

const std::string& Request::param(std::string_view name) const {
    static const std::string kNone;
    const auto found = params.find(name);
    return found == params.end() ? kNone : found->second;
}

}  // namespace easel::http
