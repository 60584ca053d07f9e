// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QString>
#include <QUrl>

#include <optional>
#include <variant>

#include "shared/protocol/gcp_place.h"
#include "shared/protocol/problem.h"

/// What `easel-gcp --json` says, one line each.
namespace easel::cloud {

/// A step on the way to a machine.
struct Stage {
    enum class State { Running, Waiting, Done, Failed, Skipped };

    QString id;
    State state = State::Running;
    QString title;
    QString detail;
};

/// What a machine will cost, before there is one. Money is in `currency`.
struct Price {
    double totalHourly = 0;  ///< with disk and address
    double diskMonthly = 0;  ///< of what is paid while it is stopped, too
    int hours = 0;
    double limit = 0;  ///< for all of them
    QString currency;
    QString asOf;
    QString note;

    bool operator==(const Price&) const = default;
};

/// Something that wants a yes first.
struct Question {
    QString text;
};

/// A machine, as Google tells of it at the moment.
struct Machine {
    enum class State { Starting, Running, Stopping, Stopped, Preempted, Missing };

    protocol::GcpPlace place;
    QString gpu;
    QString provisioning;  ///< "standard", "spot" or "flex"
    State state = State::Missing;
    std::optional<int> secondsLeft;  ///< until it is stopped from outside; none: nothing stops it
    QDateTime startedAt;             ///< invalid: it does not run
    double hourly = 0;
    double cost = 0;  ///< since it was started
    QString model;

    bool operator==(const Machine&) const = default;
};

struct Project {
    QString id;
    QString name;

    bool operator==(const Project&) const = default;
};

struct Account {
    QString email;
};

struct Offer {
    QString gpu;
    QString title;
    double hourly = 0;
    double spotHourly = 0;  ///< 0: not sold so
    QString note;

    bool operator==(const Offer&) const = default;
};

struct Model {
    QString id;
    QString title;
    QString licence;
    QUrl licenceUrl;       ///< empty: it names none
    bool isGated = false;  ///< its licence has to be accepted there first
    double gigabytes = 0;
    QString note;

    bool operator==(const Model&) const = default;
};

struct Pairing {
    QString code;
};

struct TunnelOpen {
    int port = 0;
};

/// Why it did not go on, and what a person can do.
struct Failure {
    QString code;
    QString detail;
    QString remedy;
    QUrl url;  ///< empty: no page helps

    bool operator==(const Failure&) const = default;
};

struct Done {};

/// std::monostate: nothing that this app knows, or no event at all.
using Event = std::variant<std::monostate, Stage, Price, Question, Machine, Project, Account, Offer, Model,
                           Pairing, TunnelOpen, Failure, Done>;

/// Reads one line. Names that are none of Google's make no event; texts are cut to what a person reads, and
/// only pages with https are taken.
Event parseEvent(const QByteArray& line);

/// A few words for a failure, by its code.
QString titleOf(const Failure& failure);
/// The same as what the rest of the app shows.
protocol::Problem toProblem(const Failure& failure);

}  // namespace easel::cloud
