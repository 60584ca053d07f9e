// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>
#include <optional>

#include "shared/protocol/token_count.h"

namespace easel::remote {

class Remote;
class ServerLink;

/// How many tokens a text takes, asked when the person pauses. Quiet: while no server is there, or it cannot
/// tell, nothing is known, and no word is lost about it. Owned by Studio; GUI thread.
class TokenCounter : public QObject {
    Q_OBJECT

public:
    /// Both outlive it.
    TokenCounter(Remote& remote, ServerLink& link, std::chrono::milliseconds pause,
                 QObject* parent = nullptr);

    /// Of the latest question `counted` tells, now and whenever that changes.
    void ask(const protocol::TokenQuestion& question);

Q_SIGNALS:
    /// Empty: nothing is known.
    void counted(const easel::protocol::TokenQuestion& question,
                 const std::optional<easel::protocol::TokenCount>& count);

private:
    void onState();
    void plan();
    void send();

    Remote& m_remote;
    ServerLink& m_link;
    QTimer m_pause;
    protocol::TokenQuestion m_question;
    bool m_isOnline = false;
    bool m_canCount = true;  ///< the server has not said otherwise
    int m_turn = 0;          ///< tells the answer to the latest question from earlier ones
};

}  // namespace easel::remote
