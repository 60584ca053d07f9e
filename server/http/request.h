// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/headers.h"
#include "server/http/leave.h"
#include "server/http/target.h"

namespace easel::http {

/// Who asks, as the gate in front of the path knows them.
struct Caller {
    std::string name;                   ///< unlike anybody else's; empty: anybody
    std::string title = {};             ///< what people call it
    bool isAdmin = false;               ///< may do what concerns others, too
    bool isSession = false;             ///< came in by a login on the page
    std::shared_ptr<Leave> leave = {};  ///< null: for good
};

/// One request as a handler sees it: framing, Host and Origin are checked, escapes are decoded.
struct Request {
    std::string id;      ///< the client's own X-Request-Id if it is fit, else one of ours; see request_id.h
    std::string remote;  ///< the client's address, as a trusted proxy tells it
    std::string peer;    ///< who asks, as far as that tells; see peerOf in standing.h
    bool isSecure = false;  ///< nobody on the way to us, or to a trusted proxy, can read it
    std::string base;       ///< what stands before our paths where people see them: "/easel"; mostly empty
    Caller caller;
    std::string method;  ///< "GET", "HEAD", "POST", …
    std::string path;    ///< decoded, begins with '/'
    Query query;         ///< decoded
    Headers headers;
    bool isEncrypted = false;      ///< it came over TLS
    bool isOfOtherOrigin = false;  ///< its Origin field names a page that is not this server's
    std::string body;
    std::map<std::string, std::string, std::less<>> params;  ///< what stood for `{name}` in the route

    /// The text that stood for `{name}` in the route; empty when the route has no such part.
    const std::string& param(std::string_view name) const;
};

}  // namespace easel::http
