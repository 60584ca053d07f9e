// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/gate.h"
#include "server/http/request.h"
#include "server/http/responder.h"
#include "server/http/response.h"

namespace easel::http {

/// Runs on an I/O thread and must not block: answer at once or keep the responder. An exception becomes
/// a 500.
using Handler = std::function<void(const Request&, Responder)>;
/// Makes the response to what this folder refuses by itself: a status, and a sentence for a person.
using ErrorWriter = std::function<Response(int status, std::string detail)>;

/// What holds for all paths below a prefix, whether or not there is a route.
struct Mount {
    ErrorWriter errorWriter;  ///< plain text when there is none
    std::size_t maxBodyBytes = 1024UL * 1024;
    Gate gate;  ///< everybody comes in when there is none
};

/// Which handler answers which method and path. Filled before the listener starts, only read after.
class Router {
public:
    /// `pattern` is a path; a segment `{name}` stands for any one segment, given to the handler in
    /// Request::params. Literal segments win over `{name}`. A GET route answers HEAD too. `maxBodyBytes`
    /// holds for this route alone, in place of its mount's.
    void add(std::string method, std::string_view pattern, Handler handler,
             std::optional<std::size_t> maxBodyBytes = {});
    /// For a handler that can answer at once.
    void addSimple(std::string method, std::string_view pattern,
                   std::function<Response(const Request&)> handler);

    /// Holds for `prefix` and what lies below it; "/" is everything. Nothing is taken over from a shorter
    /// prefix: the longest one alone counts.
    void mount(std::string_view prefix, Mount mount);
    /// That of "/" for what is no path.
    const Mount& mountOf(std::string_view path) const;
    Response error(std::string_view path, int status, std::string detail) const;

    struct Match {
        const Handler* handler = nullptr;  ///< null: no such route, or not with this method
        std::map<std::string, std::string, std::less<>> params;
        std::string pattern;                      ///< of the route; empty: no such path
        std::optional<std::size_t> maxBodyBytes;  ///< of the route itself
        std::string allow;  ///< the methods that the path knows, "GET, HEAD, …"; empty: no such path
    };
    Match match(std::string_view method, std::string_view path) const;

    struct Route {
        std::string method;
        std::string pattern;
    };
    std::vector<Route> routes() const;

private:
    struct Answering {
        Handler handler;
        std::optional<std::size_t> maxBodyBytes;
    };
    struct Entry {
        std::vector<std::string> segments;
        std::map<std::string, Answering, std::less<>> handlers;  // by method
    };

    std::vector<Entry> m_entries;
    Mount m_root;
    std::vector<std::pair<std::string, Mount>> m_mounts;  // by prefix, the longest first
};

}  // namespace easel::http
