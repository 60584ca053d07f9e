// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/gcp_tunnel.h"

#include <QTcpServer>

#include <utility>

#include "desktop/cloud/machine_words.h"

namespace easel::cloud {

namespace {

constexpr int kMostTries = 8;

/// `wanted` where nobody has it, else another one.
int freePort(int wanted) {
    QTcpServer probe;
    if (wanted == 0 || !probe.listen(QHostAddress::LocalHost, static_cast<quint16>(wanted))) {
        probe.listen(QHostAddress::LocalHost);
    }
    return probe.serverPort();
}

}  // namespace

GcpTunnel::GcpTunnel(QString program, protocol::GcpPlace place, Timing timing)
    : m_program(std::move(program)),
      m_place(std::move(place)),
      m_backoff(timing.firstPause, timing.longestPause) {
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &GcpTunnel::open);
    open();
}

GcpTunnel::~GcpTunnel() {
    GcpCall::endLater(std::move(m_call));
}

void GcpTunnel::reopen() {
    m_again.stop();
    m_backoff.reset();
    m_tries = 0;
    if (m_call && m_call->isRunning()) {
        m_call->stop();  // Its port is free when it has ended.
    } else {
        open();
    }
}

QStringList GcpTunnel::arguments(const QString& command) const {
    return QStringList{command} << placeArguments(m_place);
}

void GcpTunnel::open() {
    GcpCall::endLater(std::move(m_call));
    const QString port = QString::number(freePort(m_port));
    m_call = std::make_unique<GcpCall>(m_program, arguments(QStringLiteral("tunnel"))
                                                      << QStringLiteral("--port") << port);
    connect(m_call.get(), &GcpCall::said, this, [this](const Event& event) {
        if (const auto* tunnel = std::get_if<TunnelOpen>(&event)) {
            onOpen(tunnel->port);
        }
    });
    connect(m_call.get(), &GcpCall::ended, this, [this](const std::optional<Failure>& failure) {
        onCut(failure.value_or(Failure{
            "network", tr("The tunnel to %1 has ended.").arg(QString::fromStdString(m_place.name)), {}, {}}));
    });
    m_call->start();
}

void GcpTunnel::onOpen(int port) {
    m_port = port;
    m_tries = 0;
    m_backoff.reset();
    Q_EMIT opened(port);
}

void GcpTunnel::onCut(const Failure& failure) {
    if (failure.code == u"cancelled") {
        open();
    } else if (failure.code == u"bad_argument") {
        m_port = 0;  // Somebody else was quicker to take it.
        tryAgain(failure);
    } else if (failure.code == u"network" || failure.code == u"internal") {
        tryAgain(failure);
    } else if (failure.code == u"not_ready" || failure.code == u"expired" || failure.code == u"preempted") {
        lookAtMachine(failure);
    } else {
        giveUp(failure);
    }
}

void GcpTunnel::lookAtMachine(const Failure& failure) {
    GcpCall::endLater(std::move(m_call));
    m_call = std::make_unique<GcpCall>(m_program, arguments(QStringLiteral("status")));
    const auto state = std::make_shared<std::optional<Machine::State>>();
    connect(m_call.get(), &GcpCall::said, this, [state](const Event& event) {
        if (const auto* machine = std::get_if<Machine>(&event)) {
            *state = machine->state;
        }
    });
    connect(m_call.get(), &GcpCall::ended, this, [this, state, failure](const std::optional<Failure>& why) {
        using State = Machine::State;
        if (!*state) {
            return why ? giveUp(*why) : tryAgain(failure);
        }
        switch (**state) {
            case State::Starting:
            case State::Running:
                return tryAgain(failure);
            case State::Stopping:
            case State::Stopped:
            case State::Preempted:
            case State::Missing:
                Q_EMIT failed(problemOf(**state, m_place));
        }
    });
    m_call->start();
}

void GcpTunnel::tryAgain(const Failure& failure) {
    if (++m_tries >= kMostTries) {
        return giveUp(failure);
    }
    m_again.start(m_backoff.next());
}

void GcpTunnel::giveUp(const Failure& failure) {
    Q_EMIT failed(toProblem(failure));
}

std::unique_ptr<remote::Tunnel> GcpTunnelMaker::tunnelTo(const protocol::GcpPlace& place) {
    return std::make_unique<GcpTunnel>(m_program, place, m_timing);
}

}  // namespace easel::cloud
