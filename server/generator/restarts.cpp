// SPDX-License-Identifier: Apache-2.0
#include "server/generator/restarts.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/core.h>

namespace easel::generator {

namespace {

/// Whether a program that could not be started for this reason may start a moment later.
bool passes(int error) {
    return error == EMFILE || error == ENFILE || error == EAGAIN || error == ENOMEM;
}

}  // namespace

std::string described(const WorkerEnd& end) {
    return fmt::format("{} ({})", end.wasStuck ? "was ended" : "ended unexpectedly", end.how);
}

Restarts::Verdict Restarts::judge(const WorkerEnd& end) {
    if (end.wasReady) {
        m_failed = 0;
        m_backoff.reset();
        return {fmt::format("The worker {}; starting another.", described(end)), false, m_options.firstPause};
    }
    if (!end.missing.empty()) {
        m_failed = 0;
        m_backoff.reset();
        return verdict(end.missing, true, m_options.missingPause);
    }
    ++m_failed;
    const bool tooOften = m_failed >= m_options.maxStarts;
    const auto pause = m_backoff.next();
    if (!end.refusal.empty()) {
        return verdict(end.refusal, true, m_options.refusedPause);
    }
    if (end.startError != 0) {
        return verdict(fmt::format("The worker {} could not be started: {}.", m_options.program.string(),
                                   std::strerror(end.startError)),
                       tooOften || !passes(end.startError), pause);
    }
    if (m_failed == 1) {
        return verdict(fmt::format("The worker {} while loading.", described(end)), tooOften, pause);
    }
    return verdict(fmt::format("The worker has ended {} times while loading: {}. Its own messages in the log "
                               "say more.",
                               m_failed, end.how),
                   tooOften, pause);
}

/// Says, too, when it is tried again.
Restarts::Verdict Restarts::verdict(std::string message, bool failed, std::chrono::milliseconds pause) const {
    if (m_options.keepsTrying) {
        message +=
            fmt::format(" Trying again in {} s.", std::chrono::ceil<std::chrono::seconds>(pause).count());
    }
    return {std::move(message), failed, pause};
}

}  // namespace easel::generator
