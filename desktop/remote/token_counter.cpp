// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/token_counter.h"

#include <utility>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

namespace {

constexpr int kNoSuchRoute = 404;

}  // namespace

TokenCounter::TokenCounter(Remote& remote, ServerLink& link, std::chrono::milliseconds pause, QObject* parent)
    : QObject(parent), m_remote(remote), m_link(link) {
    m_pause.setSingleShot(true);
    m_pause.setInterval(pause);
    connect(&m_pause, &QTimer::timeout, this, &TokenCounter::send);
    connect(&m_remote, &Remote::addressChanged, this, [this] {
        m_canCount = true;
        m_isOnline = false;
        plan();
    });
    connect(&m_link, &ServerLink::stateChanged, this, &TokenCounter::onState);
    m_isOnline = m_link.isOnline();
}

void TokenCounter::onState() {
    if (std::exchange(m_isOnline, m_link.isOnline()) != m_isOnline) {
        plan();
    }
}

void TokenCounter::ask(const protocol::TokenQuestion& question) {
    if (question != m_question) {
        m_question = question;
        plan();
    }
}

void TokenCounter::plan() {
    ++m_turn;
    if (m_isOnline && m_canCount && !m_question.prompt.empty()) {
        m_pause.start();
    } else {
        m_pause.stop();
        Q_EMIT counted(m_question, std::nullopt);
    }
}

void TokenCounter::send() {
    m_remote.countTokens(m_question, this, [this, turn = m_turn](const auto& answer) {
        if (turn != m_turn) {
            return;
        }
        m_canCount = answer || answer.error().status != kNoSuchRoute;
        Q_EMIT counted(m_question, answer ? std::optional(*answer) : std::nullopt);
    });
}

}  // namespace easel::remote
