// SPDX-License-Identifier: Apache-2.0
#include "server/http/options.h"

#include <boost/asio/ip/address.hpp>

namespace easel::http {

bool isEncrypted(const ListenerOptions& options) {
    return !options.certificate.certificate.empty();
}

bool isLoopback(std::string_view address) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(address, error);
    return address == "localhost" || (!error && parsed.is_loopback());
}

}  // namespace easel::http
