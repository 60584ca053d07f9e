// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "shared/protocol/json.h"
#include "tests/server/api/api_server.h"

/// What a server's answers say.
namespace easel::tests {

inline protocol::Job jobIn(const RawResponse& response) {
    return protocol::parseJob(response.body).value();
}

inline protocol::Problem problemIn(const RawResponse& response) {
    return protocol::parseProblem(response.body).value();
}

inline std::string stateOf(ApiServer& server, const std::string& id) {
    return std::string(toString(jobIn(server.get("/v1/jobs/" + id)).state));
}

/// The next event of a stream whose head was read.
inline std::string nextEvent(RawClient& client) {
    std::string event;
    do {
        event = client.receiveUntil("\n\n");
    } while (event == ":\n\n" || event.starts_with("retry:"));
    return event;
}

/// Reads the events that are left, and answers whether the server has then closed the connection.
inline bool endsAfterItsEvents(RawClient& client) {
    while (!client.receiveUntil("\n\n").empty()) {
    }
    return client.isClosedByServer();
}

inline void openStream(RawClient& client, const std::string& id, const std::string& fields = {}) {
    client.send("GET /v1/jobs/" + id + "/events HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    client.receiveUntil("\r\n\r\n");
}

/// The next one of them that is about a job; those that tell of models and devices have no number.
inline std::string nextJobEvent(RawClient& client) {
    std::string event;
    do {
        event = nextEvent(client);
    } while (!event.empty() && event.find("id: ") == std::string::npos);
    return event;
}

}  // namespace easel::tests
