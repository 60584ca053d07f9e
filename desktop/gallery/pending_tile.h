// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QMetaType>
#include <QSize>
#include <QString>

#include <optional>

#include "shared/protocol/problem.h"

namespace easel::gallery {

/// A picture that is not there yet: what the grid shows in the place where it will be. Made by the studio.
struct PendingTile {
    enum class State {
        Unsent,    ///< not with the server yet: it can't be reached or is busy; `note` says which
        Waiting,   ///< in the server's queue, behind `ahead` others
        Held,      ///< the server can't draw it now; `note` says why, and what to do
        Running,   ///< `step` of `steps`
        Fetching,  ///< drawn; the bytes are on their way
        Stopping,  ///< cancelled here; the server has not confirmed it yet
        Failed,    ///< `error` says why; stays until retried or dismissed
    };

    QString id;  ///< the studio's task
    QString prompt;
    State state = State::Unsent;
    QString note;  ///< one line for the tile: "Waiting, 2 ahead", "Step 12 of 30, 6 s left"
    int ahead = 0;
    int step = 0;
    int steps = 0;  ///< 0: not known yet
    std::optional<double> etaSeconds;
    bool startedAgain = false;  ///< what it had got is lost
    int images = 0;             ///< pictures of this job that are saved already
    int count = 1;              ///< pictures in all
    QSize size;                 ///< pixels of one picture; empty: the model's own
    QImage preview;             ///< what it looks like so far; null: not known
    std::optional<protocol::Problem> error;
    bool isAway = false;         ///< its server can't be reached now: the figures are those of then
    bool canFetchModel = false;  ///< it waits for a model that the server can be asked to fetch
    bool canSendHere = false;    ///< it waits for another server than the one that is there now

    bool operator==(const PendingTile&) const = default;
};

}  // namespace easel::gallery

Q_DECLARE_METATYPE(easel::gallery::PendingTile)
