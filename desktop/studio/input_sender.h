// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::gallery {
class InputFolder;
}

namespace easel::remote {
class Remote;
}

namespace easel::studio {

/// Brings the pictures that requests are drawn from to the server, each once for as long as the app is
/// connected to it. Owned by Studio; GUI thread.
class InputSender : public QObject {
    Q_OBJECT

public:
    /// Both outlive it.
    InputSender(remote::Remote& remote, const gallery::InputFolder& folder, QObject* parent = nullptr);

    using Done = std::function<void(protocol::Expected<void>)>;
    /// How much of all that is sent has gone, of 1.
    using Progress = std::function<void(double done)>;

    /// Something of `request` is here and was not sent yet.
    bool mustSend(const protocol::GenerationRequest& request) const;
    /// Sends that, one request's after another's; calls `done` once, later, unless `context` is gone by then.
    /// What is not here is left out: the server may have it from elsewhere. Errors: as Remote::putInput, with
    /// the field of the picture.
    void send(const protocol::GenerationRequest& request, QObject* context, const Done& done,
              const Progress& progress);
    /// The server has them no more: they are sent again. False where nothing was sent.
    bool forget(const protocol::GenerationRequest& request);
    /// One that `field` names is not on this computer.
    bool isMissing(const protocol::GenerationRequest& request, const std::string& field) const;

private:
    struct Picture {
        std::string field;
        std::string id;
    };
    struct Sending;

    void sendNext();
    void finish(const protocol::Expected<void>& result);

    remote::Remote& m_remote;
    const gallery::InputFolder& m_folder;
    std::set<std::string> m_sent;
    /// Of the first one is what is under way: what two want to send is sent once.
    std::deque<std::shared_ptr<Sending>> m_sending;
};

}  // namespace easel::studio
