// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>

namespace easel::remote {

/// Notices that the computer has slept or has a network again, when what was open leads nowhere and nobody
/// should wait for it. Owned by main; GUI thread.
class WakeWatch : public QObject {
    Q_OBJECT

public:
    using Asleep = std::function<std::chrono::nanoseconds()>;

    explicit WakeWatch(QObject* parent = nullptr);
    /// `asleep` tells how long this computer has slept since it was started; asked every `interval`.
    WakeWatch(Asleep asleep, std::chrono::milliseconds interval, QObject* parent = nullptr);

Q_SIGNALS:
    void woke();

private:
    void look();
    void watchNetwork();

    Asleep m_asleep;
    std::chrono::nanoseconds m_before;
    QTimer m_clock;
};

}  // namespace easel::remote
