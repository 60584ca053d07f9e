// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"
#include "tests/desktop/remote/quick_link.h"

namespace easel::tests {

inline protocol::ServerInfo readyServer() {
    protocol::ServerInfo info;
    info.version = "0.1.0";
    info.ready = true;
    return info;
}

/// Answers for the server that `info` describes, with one model.
inline FakeServer::Handler answering(const protocol::ServerInfo& info) {
    return [&info](const FakeRequest& request, QTcpSocket& socket) {
        protocol::ModelInfo model;
        model.id = info.defaultModel;
        if (request.path == "/v1/server") {
            socket.write(jsonAnswer(protocol::toJson(info)));
        } else {
            socket.write(jsonAnswer(protocol::toJson(protocol::ModelPage{{model}, {}})));
        }
    };
}

}  // namespace easel::tests
