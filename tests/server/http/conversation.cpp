// SPDX-License-Identifier: Apache-2.0
#include "tests/server/http/conversation.h"

#include <chrono>
#include <thread>

#include "tests/server/http/raw_client.h"

namespace easel::tests {

std::string disagreement(std::uint16_t port, const Conversation& conversation) {
    RawClient client(port);
    for (const std::string& piece : conversation.pieces) {
        if (&piece != conversation.pieces.data()) {
            // Long enough for the server to see the pieces one by one, mostly; it must not matter.
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        client.send(piece);
    }
    if (conversation.endsFirst) {
        client.endSending();
    }
    bool isHead = conversation.isHead;
    for (const int status : conversation.statuses) {
        const auto answer = client.receive(isHead);
        isHead = false;
        if (!answer) {
            return "no answer where " + std::to_string(status) + " was expected";
        }
        if (answer->status != status) {
            return std::to_string(answer->status) + " instead of " + std::to_string(status) + ": " +
                   answer->body;
        }
    }
    if (conversation.ends) {
        return client.isClosedByServer() ? "" : "something came where the connection should have ended";
    }
    // Whatever else was answered would come first.
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Last: 1\r\nConnection: close\r\n\r\n");
    const auto last = client.receive();
    if (!last || last->status != 200) {
        return "the connection is not open: " + (last ? std::to_string(last->status) : std::string("ended"));
    }
    return client.isClosedByServer() ? "" : "there was one answer more";
}

}  // namespace easel::tests
