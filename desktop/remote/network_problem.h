// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include "shared/protocol/problem.h"

class QNetworkReply;
class QUrl;

/// Turns what Qt and servers report into words for a person.
namespace easel::remote {

/// What went wrong with a finished reply whose body is `body`; nothing when it is a 2xx answer.
std::optional<protocol::Problem> problemOf(const QNetworkReply& reply, const QByteArray& body);

/// Something at `address` answered, but not as an Easel server does; `how` completes the sentence.
protocol::Problem notEasel(const QUrl& address, const QString& how);
protocol::Problem interrupted();
/// The server at `address` does not go on from where a picture was cut off.
protocol::Problem brokenOff(const QUrl& address);

}  // namespace easel::remote
