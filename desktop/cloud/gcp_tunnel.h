// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QTimer>

#include <chrono>
#include <memory>

#include "desktop/cloud/gcp_call.h"
#include "desktop/remote/tunnel.h"
#include "shared/process/backoff.h"

namespace easel::cloud {

/// A tunnel by `easel-gcp tunnel`, which runs for as long as it is open. After a cut it is opened again at
/// the same port where that is still free. Where the machine turns out to be off it is given up. GUI thread.
class GcpTunnel : public remote::Tunnel {
    Q_OBJECT

public:
    struct Timing {
        std::chrono::milliseconds firstPause{1'000};  ///< before another try; doubles each time
        std::chrono::milliseconds longestPause{30'000};
    };

    /// Opens it.
    GcpTunnel(QString program, protocol::GcpPlace place, Timing timing);
    ~GcpTunnel() override;

    void reopen() override;

private:
    void open();
    void onOpen(int port);
    void onCut(const Failure& failure);
    void lookAtMachine(const Failure& failure);
    void tryAgain(const Failure& failure);
    void giveUp(const Failure& failure);
    QStringList arguments(const QString& command) const;

    const QString m_program;
    const protocol::GcpPlace m_place;
    std::unique_ptr<GcpCall> m_call;
    QTimer m_again;
    process::Backoff m_backoff;
    int m_port = 0;   ///< the one that it was open at last
    int m_tries = 0;  ///< in vain, since it was open
};

/// Owned by main.
class GcpTunnelMaker : public remote::TunnelMaker {
public:
    explicit GcpTunnelMaker(QString program = findGcpProgram(), GcpTunnel::Timing timing = {})
        : m_program(std::move(program)), m_timing(timing) {}

    std::unique_ptr<remote::Tunnel> tunnelTo(const protocol::GcpPlace& place) override;

private:
    QString m_program;
    GcpTunnel::Timing m_timing;
};

}  // namespace easel::cloud
