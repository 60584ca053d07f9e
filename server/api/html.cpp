// SPDX-License-Identifier: Apache-2.0
#include "server/api/html.h"

#include <utility>

namespace easel::api {

using http::Request;
using http::Response;

bool isForAPerson(const Request& request) {
    return request.headers.find("Accept").value_or("").find("text/html") != std::string_view::npos;
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

Response htmlResponse(int status, std::string html) {
    Response response = http::textResponse(status, std::move(html), "text/html; charset=utf-8");
    response.headers.set("Vary", "Accept");
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Content-Security-Policy",
                         "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
                         "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    return response;
}

Response redirectTo(std::string address) {
    Response response;
    response.status = 303;
    response.headers = {{"Location", std::move(address)},
                        {"Cache-Control", "no-store"},
                        {"Referrer-Policy", "no-referrer"},
                        {"Vary", "Accept, Authorization, Cookie"}};
    return response;
}

}  // namespace easel::api
