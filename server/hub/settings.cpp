// SPDX-License-Identifier: Apache-2.0
#include "server/hub/settings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "server/hub/address.h"

namespace easel::hub {

namespace {

using protocol::Expected;
using std::filesystem::path;

constexpr std::size_t kLongestToken = 4096;
constexpr const char* kCredential = "easel.hub-token";

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

std::string firstOf(std::initializer_list<const char*> names) {
    for (const char* const name : names) {
        if (std::string value = variable(name); !value.empty()) {
            return value;
        }
    }
    return {};
}

std::string trimmed(std::string_view text) {
    constexpr const char* kBlanks = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
    text.remove_prefix(begin);
    return std::string(text.substr(0, text.find_last_not_of(kBlanks) + 1));
}

/// One that could be sent: it would end up in a field of a head.
bool isToken(const std::string& text) {
    return !text.empty() && text.size() <= kLongestToken &&
           std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

Expected<std::string> tokenIn(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        return tl::unexpected(
            protocol::invalidField("token-file", "The token file " + file.string() + " cannot be read."));
    }
    std::string text(kLongestToken + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    text = trimmed(text);
    if (!isToken(text)) {
        return tl::unexpected(protocol::invalidField(
            "token-file",
            "The file " + file.string() + " does not hold a token of the hub's: one line, like hf_…"));
    }
    return text;
}

Expected<std::string> findToken(const std::optional<path>& tokenFile, const path& home) {
    if (tokenFile) {
        return tokenIn(*tokenFile);
    }
    if (const std::string token = trimmed(firstOf({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})); !token.empty()) {
        if (!isToken(token)) {
            return tl::unexpected(
                protocol::invalidField("token", "What HF_TOKEN holds is no token of the hub's."));
        }
        return token;
    }
    if (const std::string named = variable("HF_TOKEN_PATH"); !named.empty()) {
        return tokenIn(named);
    }
    std::error_code error;
    // systemd shows a service its own secrets there, where nobody else can read them.
    if (const std::string folder = variable("CREDENTIALS_DIRECTORY"); !folder.empty()) {
        if (const path credential = path(folder) / kCredential; std::filesystem::exists(credential, error)) {
            return tokenIn(credential);
        }
    }
    const path login = home / "token";
    if (!home.empty() && std::filesystem::is_regular_file(login, error) &&
        std::filesystem::file_size(login, error) > 0) {
        return tokenIn(login);
    }
    return std::string();
}

bool isOn(const std::string& text) {
    return text == "1" || text == "ON" || text == "YES" || text == "TRUE" || text == "true" || text == "True";
}

}  // namespace

Expected<Settings> settingsFromEnvironment(const std::optional<path>& tokenFile, const path& home) {
    if (isOn(variable("HF_HUB_OFFLINE"))) {
        return tl::unexpected(
            protocol::conflict("HF_HUB_OFFLINE is set, so the hub is not asked. Unset it to pull models."));
    }
    Settings settings;
    if (std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) {
        endpoint.erase(endpoint.find_last_not_of('/') + 1);
        settings.endpoint = std::move(endpoint);
    }
    const auto address = parseAddress(settings.endpoint);
    if (!address || address->hasUser) {
        return tl::unexpected(protocol::invalidField(
            "HF_ENDPOINT", "HF_ENDPOINT is no address of a hub; one looks like https://huggingface.co."));
    }
    auto token = findToken(tokenFile, home);
    if (!token) {
        return tl::unexpected(std::move(token.error()));
    }
    if (!token->empty() && !address->isEncrypted && !address->isThisMachine) {
        return tl::unexpected(protocol::invalidField(
            "HF_ENDPOINT",
            "HF_ENDPOINT is not encrypted (http), and everyone on the way could read the token. "
            "Use an https address, or take the token away."));
    }
    settings.token = std::move(*token);
    settings.certificates = firstOf({"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"});
    return settings;
}

}  // namespace easel::hub
