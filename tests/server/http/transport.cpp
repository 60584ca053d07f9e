// SPDX-License-Identifier: Apache-2.0
#include "tests/server/http/transport.h"

#include <QTemporaryDir>

namespace easel::tests {

Transport chosenTransport() {
    static const bool isTls = qgetenv("EASEL_TEST_TRANSPORT") == "tls";
    return isTls ? Transport::Tls : Transport::Plain;
}

std::string scheme(Transport transport) {
    return transport == Transport::Tls ? "https" : "http";
}

http::ListenerOptions over(Transport transport, http::ListenerOptions options) {
    if (transport == Transport::Tls) {
        options.certificate = testCertificate();
    }
    return options;
}

const tls::Files& testCertificate() {
    static const QTemporaryDir kParent;
    static const tls::Files kFiles =
        tls::ownCertificate(kParent.filePath("tls").toStdString(), tls::ownNames("127.0.0.1")).value();
    return kFiles;
}

}  // namespace easel::tests
