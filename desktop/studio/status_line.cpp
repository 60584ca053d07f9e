// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/status_line.h"

#include <QCoreApplication>
#include <QStringList>

#include "desktop/studio/time_left.h"

namespace easel::studio {

namespace {

using gallery::PendingTile;
using State = PendingTile::State;

struct Counts {
    int unsent = 0;
    int waiting = 0;
    int held = 0;
    int running = 0;
    int away = 0;
    int failed = 0;
    const PendingTile* current = nullptr;  ///< the first that runs
};

Counts countOf(const std::vector<PendingTile>& tiles) {
    Counts counts;
    for (const PendingTile& tile : tiles) {
        const bool runs = tile.state == State::Running || tile.state == State::Fetching;
        const bool waits = tile.state == State::Waiting || tile.state == State::Held;
        if (tile.isAway && (runs || waits)) {
            ++counts.away;
        } else if (runs && counts.running++ == 0) {
            counts.current = &tile;
        }
        counts.waiting += tile.state == State::Waiting && !tile.isAway ? 1 : 0;
        counts.held += tile.state == State::Held && !tile.isAway ? 1 : 0;
        counts.unsent += tile.state == State::Unsent ? 1 : 0;
        counts.failed += tile.state == State::Failed ? 1 : 0;
    }
    return counts;
}

QString tr(const char* text) {
    return QCoreApplication::translate("statusLine", text);
}

QString runningPart(const Counts& counts) {
    const PendingTile& current = *counts.current;
    QString text =
        (current.startedAgain ? tr("%1 running, started again") : tr("%1 running")).arg(counts.running);
    if (current.steps > 0) {
        text = tr("%1: step %2 of %3").arg(text).arg(current.step).arg(current.steps);
    }
    if (current.steps > 0 && current.etaSeconds) {
        text = tr("%1, %2 left").arg(text, timeLeft(*current.etaSeconds));
    }
    return text;
}

}  // namespace

QString statusLine(const std::vector<PendingTile>& tiles, bool queuePaused) {
    const Counts counts = countOf(tiles);
    QStringList parts;
    if (counts.unsent > 0) {
        parts += tr("%1 not sent yet").arg(counts.unsent);
    }
    if (counts.waiting > 0) {
        parts += (queuePaused ? tr("%1 waiting, the queue is paused") : tr("%1 waiting")).arg(counts.waiting);
    }
    if (counts.held > 0) {
        parts += tr("%1 on hold").arg(counts.held);
    }
    if (counts.running > 0) {
        parts += runningPart(counts);
    }
    if (counts.away > 0) {
        parts += tr("%1 out of reach").arg(counts.away);
    }
    if (counts.failed > 0) {
        parts += tr("%1 failed").arg(counts.failed);
    }
    return parts.join(QStringLiteral(" · "));
}

}  // namespace easel::studio
