// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QUrl>

#include "shared/protocol/problem.h"

namespace easel::remote {

/// Turns what a person types ("gpu-box", "10.0.0.4:5000", "http://localhost:5000/") into a base URL without
/// a trailing slash. Without a scheme it is http, without a port protocol::routes::kDefaultPort (but a
/// typed "https://…" keeps 443). Errors: code "invalid_address" with a sentence on what to type instead.
protocol::Expected<QUrl> parseAddress(const QString& typed);

/// The short form for a label: "gpu-box", or "gpu-box:8080" where the port is not the default one.
QString displayName(const QUrl& address);

}  // namespace easel::remote
