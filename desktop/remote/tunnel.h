// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

#include <memory>

#include "shared/protocol/gcp_place.h"
#include "shared/protocol/problem.h"

namespace easel::remote {

/// A way to a server that no network leads to, from a port of this computer. It is opened when it is made,
/// opened again when it was cut, and ends with the object. GUI thread.
class Tunnel : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;
    ~Tunnel() override;

    /// It was given up, or what it went over may be another network now: opens it anew.
    virtual void reopen() = 0;

Q_SIGNALS:
    /// The server can be asked at this port; after a cut perhaps at another one.
    void opened(int port);
    /// Given up: a person has to do something first.
    void failed(const easel::protocol::Problem& problem);
};

/// Makes tunnels. Owned by main.
class TunnelMaker {
public:
    TunnelMaker() = default;
    TunnelMaker(const TunnelMaker&) = delete;
    TunnelMaker& operator=(const TunnelMaker&) = delete;
    virtual ~TunnelMaker();

    /// One to a machine on Google Cloud. What comes of it is told later, from the event loop.
    virtual std::unique_ptr<Tunnel> tunnelTo(const protocol::GcpPlace& place) = 0;
};

}  // namespace easel::remote
