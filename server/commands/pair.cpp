// SPDX-License-Identifier: Apache-2.0
#include "server/commands/pair.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/data_folder.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/qr_code.h"
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

bool isLocal(const http::PublicUrl& url) {
    const std::string name = http::hostName(url.authority);
    return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

/// For people, beside the code.
void explain(const PublicAddress& address, const http::PublicUrl& url) {
    std::cerr << fmt::format(
        "Paste this code in Easel on the device that is to draw with {}, or open it there. It is good once, "
        "for ten minutes.\n",
        printable(address.url));
    if (isLocal(url)) {
        std::cerr
            << "The address is this machine's own: for another one open a tunnel (ssh -L) to it, or say "
               "--address.\n";
    }
    std::cerr << std::flush;
}

}  // namespace

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

std::string pairingLink(const PublicAddress& address, const std::string& ticket) {
    const auto url = http::parsePublicUrl(address.url).value_or(http::PublicUrl());
    std::string link = "easel://" + url.authority + url.path + "?ticket=" + ticket;
    if (!address.fingerprint.empty()) {
        link += "&fingerprint=" + address.fingerprint;
    } else if (url.scheme == "https") {
        link += "&tls=1";
    }
    return address.name.empty() ? link : link + "&name=" + http::percentEncode(address.name);
}

int pair(const PairOptions& options) {
    ::umask(077);
    const auto folder = options.data.empty() ? dataFolder() : options.data;
    if (folder.empty()) {
        return fail(kWrongArgument,
                    "There is no home folder with a server's data; say where they are with --data FOLDER.");
    }
    auto address = addressIn(DataFolder::addressIn(folder));
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
    const auto ticket = keys::Tickets(DataFolder::ticketsIn(folder)).issue(options.scope);
    if (!ticket) {
        return failWith(ticket.error());
    }
    const std::string link = pairingLink(*address, *ticket);
    if (!options.json) {
        explain(*address, url);
        if (::isatty(STDOUT_FILENO) == 1) {
            std::cout << qrCode(link) << '\n';
        }
        std::cout << link << std::endl;
    } else {
        std::cout << toJson(protocol::PairingCode{link, address->url, address->fingerprint}) << std::endl;
    }
    return std::cout ? kSuccess : fail(kFailure, "The code could not be printed.");
}

}  // namespace easel::commands
