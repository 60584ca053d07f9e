// SPDX-License-Identifier: Apache-2.0
#include "server/commands/pair.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/config_file.h"
#include "server/commands/data_folder.h"
#include "server/commands/messages.h"
#include "server/commands/qr_code.h"
#include "server/http/options.h"
#include "server/http/origin.h"
#include "server/http/proxy.h"
#include "server/http/target.h"
#include "server/keys/tickets.h"
#include "shared/process/files.h"

namespace easel::commands {

namespace {

using protocol::Expected;

int failWith(const protocol::Problem& problem) {
    return fail(problem.status < 500 ? kWrongArgument : kFailure, problem.detail);
}

/// The first address of a network that is up, IPv4 before IPv6; empty without any.
std::string ownAddress(bool alsoV6) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(list, &::freeifaddrs);
    for (const int family : {AF_INET, AF_INET6}) {
        for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
            constexpr unsigned kUp = IFF_UP | IFF_RUNNING;
            const bool isUp = (each->ifa_flags & kUp) == kUp && (each->ifa_flags & IFF_LOOPBACK) == 0;
            if (!isUp || each->ifa_addr == nullptr || each->ifa_addr->sa_family != family ||
                (family == AF_INET6 && !alsoV6)) {
                continue;
            }
            std::array<char, NI_MAXHOST> text{};
            const auto size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
            if (::getnameinfo(each->ifa_addr, static_cast<socklen_t>(size), text.data(), text.size(), nullptr,
                              0, NI_NUMERICHOST) == 0 &&
                std::string_view(text.data()).find('%') == std::string_view::npos) {  // of one link alone
                return text.data();
            }
        }
    }
    return {};
}

std::string urlWith(const ServeOptions& options, const std::string& address, std::uint16_t port) {
    const bool isV6 = address.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(isV6 ? "{}://[{}]:{}" : "{}://{}:{}"),
                       isEncrypted(options) ? "https" : "http", address, port);
}

/// For people, beside the code.
void explain(const PublicAddress& address, const http::PublicUrl& url) {
    std::cerr << fmt::format(
        "Paste this code in Easel on the device that is to draw with {}, or open it there. It is good once, "
        "for ten minutes.\n",
        printable(address.url));
    if (const std::string host = http::hostName(url.authority);
        http::isLoopback(http::withoutBrackets(host))) {
        std::cerr
            << "The address is this machine's own: for another one open a tunnel (ssh -L) to it, or say "
               "--address.\n";
    }
    std::cerr << std::flush;
}

}  // namespace

std::string listeningUrl(const ServeOptions& options, std::uint16_t port) {
    return urlWith(options, options.bind, port);
}

std::string reachableUrl(const ServeOptions& options, std::uint16_t port) {
    if (options.bind == "0.0.0.0" || options.bind == "::") {
        if (const std::string own = ownAddress(options.bind == "::"); !own.empty()) {
            return urlWith(options, own, port);
        }
    }
    return urlWith(options, options.bind, port);
}

std::string machineName() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Expected<void> tellAddress(const std::filesystem::path& file, const PublicAddress& address) {
    const std::string text = address.url + '\n' + address.fingerprint + '\n' + address.name + '\n';
    if (const int error = process::writeWhole(file, text, {.durably = false}); error != 0) {
        return tl::unexpected(protocol::internalError("The file " + file.string() +
                                                      " cannot be written: " + std::strerror(error) + "."));
    }
    return {};
}

Expected<PublicAddress> addressIn(const std::filesystem::path& file) {
    std::ifstream lines(file);
    PublicAddress address;
    if (!std::getline(lines, address.url) || !std::getline(lines, address.fingerprint) ||
        !std::getline(lines, address.name) || !http::parsePublicUrl(address.url)) {
        return tl::unexpected(protocol::conflict(
            "No server runs with this data folder. Start one with \"easel-server serve\", or "
            "say with --data which folder its data are in."));
    }
    return address;
}

std::string pairingLink(const PublicAddress& address, const std::string& ticket,
                        const std::optional<protocol::GcpPlace>& gcp) {
    const auto url = http::parsePublicUrl(address.url).value_or(http::PublicUrl());
    std::string link = "easel://" + url.authority + url.path + "?ticket=" + ticket;
    if (!address.fingerprint.empty()) {
        link += "&fingerprint=" + address.fingerprint;
    } else if (url.scheme == "https") {
        link += "&tls=1";
    }
    if (gcp) {
        link += "&gcp=" + toString(*gcp);
    }
    return address.name.empty() ? link : link + "&name=" + http::percentEncode(address.name);
}

int pair(const PairOptions& options) {
    ::umask(077);
    const auto folder = administeredData(options.data, options.config);
    if (!folder) {
        return fail(kWrongArgument, folder.error());
    }
    auto address = addressIn(DataFolder::addressIn(*folder));
    if (!address) {
        return failWith(address.error());
    }
    if (!options.address.empty()) {
        address->url = options.address;
    }
    const auto url = http::parsePublicUrl(address->url).value();
    if (url.scheme != "https") {
        address->fingerprint.clear();
    }
    if (options.gcp && address->fingerprint.empty()) {
        // A tunnel ends at any port of a laptop: only the certificate says which server is behind it.
        return fail(
            kWrongArgument,
            "A code with --gcp names the server's own certificate, and this server shows none: start it "
            "with --tls, and leave --address out or begin it with https://.");
    }
    const auto ticket = keys::Tickets(DataFolder::ticketsIn(*folder)).issue(options.scope);
    if (!ticket) {
        return failWith(ticket.error());
    }
    const std::string link = pairingLink(*address, *ticket, options.gcp);
    if (!options.json) {
        explain(*address, url);
        if (::isatty(STDOUT_FILENO) == 1) {
            std::cout << qrCode(link) << '\n';
        }
        std::cout << link << '\n' << std::flush;
    } else {
        std::cout << toJson(protocol::PairingCode{link, address->url, address->fingerprint}) << '\n'
                  << std::flush;
    }
    return std::cout ? kSuccess : fail(kFailure, "The code could not be printed.");
}

}  // namespace easel::commands
