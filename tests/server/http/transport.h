// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/http/options.h"

namespace easel::tests {

/// What carries HTTP. Most tests hold over both, so they run twice.
enum class Transport { Plain, Tls };

/// What EASEL_TEST_TRANSPORT says: Tls when it is "tls".
Transport chosenTransport();
/// "http" or "https".
std::string scheme(Transport transport = chosenTransport());
/// The same options, with a certificate if TLS has been chosen.
http::ListenerOptions over(Transport transport, http::ListenerOptions options = {});
/// A certificate of this process, which goes with it.
const tls::Files& testCertificate();

}  // namespace easel::tests
