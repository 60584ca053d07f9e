// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/machine_words.h"

#include <QCoreApplication>
#include <QLocale>

#include "desktop/remote/server_link.h"

namespace easel::cloud {

namespace {

constexpr int kMinute = 60;
constexpr int kHour = 3600;

QString tr(const char* text) {
    return QCoreApplication::translate("cloud", text);
}

}  // namespace

QStringList placeArguments(const protocol::GcpPlace& place) {
    QStringList arguments{QString::fromStdString(place.name), QStringLiteral("--project"),
                          QString::fromStdString(place.project)};
    if (!place.zone.empty()) {
        arguments << QStringLiteral("--zone") << QString::fromStdString(place.zone);
    }
    return arguments;
}

QString stateInWords(Machine::State state) {
    using State = Machine::State;
    switch (state) {
        case State::Starting:
            return tr("starting");
        case State::Running:
            return tr("running");
        case State::Stopping:
            return tr("stopping");
        case State::Stopped:
            return tr("stopped");
        case State::Preempted:
            return tr("taken back by Google");
        case State::Missing:
            return tr("removed");
    }
    return {};
}

protocol::Problem problemOf(Machine::State state, const protocol::GcpPlace& place) {
    using State = Machine::State;
    const QString name = QString::fromStdString(place.name);
    if (state == State::Missing) {
        return {
            0, "not_found", tr("removed").toStdString(),
            tr("There is no machine %1 on Google Cloud any more. Forget this server, or make a new machine.")
                .arg(name)
                .toStdString(),
            std::nullopt};
    }
    const QString detail =
        state == State::Preempted
            ? tr("Google has taken %1 back, as it may with a Spot machine. Start it again.")
            : tr("%1 is switched off and costs nothing but its disk. Start it to draw on it.");
    return {0, remote::kMachineStopped, stateInWords(state).toStdString(), detail.arg(name).toStdString(),
            std::nullopt};
}

QString moneyInWords(double amount, const QString& currency) {
    constexpr double kSmall = 0.1;
    const QString number = QLocale().toString(amount, 'f', amount > 0 && amount < kSmall ? 3 : 2);
    if (currency == u"USD" || currency.isEmpty()) {
        return QStringLiteral("$%1").arg(number);
    }
    return QStringLiteral("%1 %2").arg(number, currency);
}

QString spanInWords(int seconds) {
    if (seconds < kMinute) {
        return tr("less than a minute");
    }
    if (seconds < kHour) {
        return tr("%1 min").arg(seconds / kMinute);
    }
    const int minutes = seconds % kHour / kMinute;
    return minutes == 0 ? tr("%1 h").arg(seconds / kHour)
                        : tr("%1 h %2 min").arg(seconds / kHour).arg(minutes);
}

}  // namespace easel::cloud
