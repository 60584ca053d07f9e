// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>

#include "desktop/cloud/gcp_event.h"
#include "shared/protocol/problem.h"

/// Machines, money and time as a person reads them, and as easel-gcp takes them.
namespace easel::cloud {

/// NAME --project P --zone Z; without a zone wherever it is.
QStringList placeArguments(const protocol::GcpPlace& place);

/// "running", "stopped", …
QString stateInWords(Machine::State state);
/// Why nothing leads to a machine in this state.
protocol::Problem problemOf(Machine::State state, const protocol::GcpPlace& place);

/// "$5.84", or "5.84 EUR"; what is less than ten cents has a third digit.
QString moneyInWords(double amount, const QString& currency = QStringLiteral("USD"));
/// "6 h 12 min", "41 min", "less than a minute".
QString spanInWords(int seconds);

}  // namespace easel::cloud
