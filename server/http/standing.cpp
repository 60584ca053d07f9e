// SPDX-License-Identifier: Apache-2.0
#include "server/http/standing.h"

#include <algorithm>
#include <map>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace easel::http {

namespace net = boost::asio;

namespace {

constexpr std::string_view kLoopback = "loopback";

std::optional<net::ip::address> addressIn(std::string_view text) {
    boost::system::error_code error;
    net::ip::address address = net::ip::make_address(text, error);
    if (error) {
        return {};
    }
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
    }
    return address;
}

/// The connection that is at `stage` longest; of `client` alone, unless that is empty.
std::optional<std::size_t> longest(std::span<const Standing> others, Stage stage,
                                   std::string_view client = {}) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < others.size(); ++i) {
        const Standing& each = others[i];
        const bool counts = each.stage == stage && (client.empty() || each.client == client);
        if (counts && (!found || each.since < others[*found].since)) {
            found = i;
        }
    }
    return found;
}

}  // namespace

std::string peerOf(std::string_view text) {
    const auto address = addressIn(text);
    if (!address) {
        return std::string(text);
    }
    const bool isOfNetwork = address->is_v6() && !address->is_loopback();
    return isOfNetwork ? net::ip::network_v6(address->to_v6(), 64).canonical().to_string()
                       : address->to_string();
}

std::string clientOf(std::string_view text) {
    const auto address = addressIn(text);
    return address && address->is_loopback() ? std::string(kLoopback) : peerOf(text);
}

Admission admit(std::string_view client, std::span<const Standing> others, std::size_t places) {
    std::map<std::string_view, std::size_t> counts;
    for (const Standing& each : others) {
        ++counts[each.client];
    }
    const std::size_t share = client == kLoopback ? places : places - places / 4;
    const bool isOverShare = counts[client] >= share;
    if (!isOverShare && others.size() < places) {
        return {true, {}};
    }
    ++counts[client];
    const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    const std::string_view payer = isOverShare || counts[client] == most->second ? client : most->first;
    auto leaves = longest(others, Stage::Idle, payer);
    if (!leaves) {
        leaves = longest(others, Stage::Streaming, payer);
    }
    if (!leaves && !isOverShare) {
        leaves = longest(others, Stage::Idle);
    }
    return {leaves.has_value(), leaves};
}

}  // namespace easel::http
