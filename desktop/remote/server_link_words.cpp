// SPDX-License-Identifier: Apache-2.0
// What each state of the connection is called.
#include "desktop/remote/address.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

QString ServerLink::describe() const {
    if (m_state == State::NoAddress) {
        return tr("No server chosen");
    }
    return tr("%1 · %2").arg(title(), words());
}

QString ServerLink::title() const {
    if (m_state == State::NoAddress) {
        return {};
    }
    return endpoint().name.isEmpty() ? displayName(endpoint().address) : endpoint().name;
}

QString ServerLink::words() const {
    const auto status = [this](const QString& otherwise) {
        return m_info->status.empty() ? otherwise : QString::fromStdString(m_info->status);
    };
    switch (m_state) {
        case State::NoAddress:
            return {};
        case State::Connecting:
            return tr("looking…");
        case State::OpeningTunnel:
            return tr("opening a tunnel…");
        case State::NoTunnel:
            return QString::fromStdString(m_problem->title);
        case State::CertificateUnknown:
            return tr("certificate unknown");
        case State::CertificateChanged:
            return tr("certificate changed");
        case State::KeyMissing:
            return tr("key missing");
        case State::KeyRefused:
            return tr("key refused");
        case State::Starting:
            return status(tr("starting…"));
        case State::LoadingModel:
            return status(tr("loading a model…"));
        case State::NotReady:
            return status(tr("getting ready…"));
        case State::Connected:
        case State::Busy:
            if (m_info->paused) {
                return tr("queue paused");
            }
            if (m_state == State::Busy) {
                return m_info->queued > 0 ? tr("busy, %1 waiting").arg(m_info->queued) : tr("busy, drawing");
            }
            if (!m_info->deviceWarning.empty()) {
                return tr("ready, but not on the GPU");
            }
            return m_info->deviceName.empty()
                       ? tr("ready")
                       : tr("%1 · ready").arg(QString::fromStdString(m_info->deviceName));
        case State::Unreachable:
            return m_secondsLeft > 0 ? tr("unreachable, next try in %1 s").arg(m_secondsLeft)
                                     : tr("unreachable, trying now…");
        case State::TooOld:
            return tr("too old");
        case State::TooNew:
            return tr("too new");
        case State::Refused:
            return QString::fromStdString(m_problem->title);
    }
    return {};
}

QString ServerLink::advice() const {
    const QString pair = tr("Run “easel-server pair” there and paste the code here.");
    switch (m_state) {
        case State::KeyMissing:
            return tr("This server lets nobody in without a key. %1").arg(pair);
        case State::KeyRefused:
            return tr("The key of this computer is not taken: it was revoked, or may not do this. What is "
                      "not "
                      "drawn yet waits. %1")
                .arg(pair);
        default:
            return m_problem ? QString::fromStdString(m_problem->detail) : QString();
    }
}

}  // namespace easel::remote
