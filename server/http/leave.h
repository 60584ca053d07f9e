// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "server/http/signal.h"

namespace easel::http {

/// A caller's leave to be here, which can be taken back while it is being served: its streams end, and where
/// it waits for an answer it is refused. Safe to use from any thread.
class Leave {
public:
    bool isTakenBack() const;
    void takeBack();
    /// `signal` is notified once it is taken back; at once when that has happened.
    void tell(const std::shared_ptr<Signal>& signal);

private:
    mutable std::mutex m_mutex;
    bool m_isTakenBack = false;
    std::vector<std::weak_ptr<Signal>> m_signals;
};

}  // namespace easel::http
