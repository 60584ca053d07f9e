// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.h"
#include "server/http/responder.h"
#include "server/http/response.h"

namespace easel::http {

/// Runs on an I/O thread and must not block: answer at once or keep the responder. An exception becomes
/// a 500.
using Handler = std::function<void(const Request&, Responder)>;
/// Makes the response to what this folder refuses by itself: a status, and a sentence for a person.
using ErrorWriter = std::function<Response(int status, std::string detail)>;

/// Which handler answers which method and path. Filled before the listener starts, only read after.
class Router {
public:
    /// `pattern` is a path; a segment `{name}` stands for any one segment, given to the handler in
    /// Request::params. Literal segments win over `{name}`. A GET route answers HEAD too.
    void add(std::string method, std::string_view pattern, Handler handler);
    /// For a handler that can answer at once.
    void addSimple(std::string method, std::string_view pattern,
                   std::function<Response(const Request&)> handler);

    /// How errors look; plain text when not set.
    void setErrorWriter(ErrorWriter writer) { m_errorWriter = std::move(writer); }
    Response error(int status, std::string detail) const;

    struct Match {
        const Handler* handler = nullptr;  ///< null: no such route, or not with this method
        std::map<std::string, std::string, std::less<>> params;
        std::string allow;  ///< the methods that the path knows, "GET, HEAD, …"; empty: no such path
    };
    Match match(std::string_view method, std::string_view path) const;

    struct Route {
        std::string method;
        std::string pattern;
    };
    std::vector<Route> routes() const;

private:
    struct Entry {
        std::vector<std::string> segments;
        std::map<std::string, Handler, std::less<>> handlers;  // by method
    };

    std::vector<Entry> m_entries;
    ErrorWriter m_errorWriter;
};

}  // namespace easel::http
