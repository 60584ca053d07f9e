// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/index.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "server/hub/file_part.h"
#include "server/hub/problems.h"
#include "server/libtorch/index_problems.h"

namespace easel::libtorch {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;

constexpr std::size_t kLargestPage = std::size_t{32} << 20;
constexpr std::int64_t kLargestWheel = std::int64_t{16} << 30;

std::string base64(const std::string& text) {
    std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

/// As an index's addresses have it: lower case, and one dash for each run of dashes, dots and underscores.
std::string normalized(const std::string& project) {
    std::string name;
    for (const char c : project) {
        const bool isDash = c == '-' || c == '.' || c == '_';
        if (!isDash) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!name.ends_with('-')) {
            name += '-';
        }
    }
    return name;
}

std::string firstSet(std::initializer_list<const char*> names) {
    for (const char* const name : names) {
        if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') {
            return value;
        }
    }
    return {};
}

protocol::Problem wrongIndex(const std::string& detail) {
    return protocol::invalidField("index", detail);
}

}  // namespace

const char* const kUsualIndex = EASEL_INDEX;

Expected<hub::Settings> indexSettings(std::string address) {
    const std::string user = hub::takeUser(address);
    address.erase(address.find_last_not_of('/') + 1);
    const auto parsed = hub::parseAddress(address);
    if (!parsed || parsed->hasUser || address.find_first_of("?#") != std::string::npos) {
        return tl::unexpected(
            wrongIndex(std::string("The index is no address of a Python package index; one looks like ") +
                       kUsualIndex + '.'));
    }
    if (!user.empty() && !parsed->isEncrypted && !parsed->isThisMachine) {
        return tl::unexpected(wrongIndex(
            "The index is not encrypted (http), and everyone on the way could read the password. Use "
            "an https address, or take the password away."));
    }
    hub::Settings settings;
    settings.endpoint = std::move(address);
    settings.token = user.empty() ? "" : base64(user);
    settings.certificates = firstSet({"PIP_CERT", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"});
    return settings;
}

Index::Index(const hub::Settings& settings) : Index(settings, {}) {}

Index::Index(const hub::Settings& settings, const std::vector<OnIndex>& found)
    : m_settings(settings),
      m_endpoint(hub::parseAddress(settings.endpoint).value_or(hub::Address())),
      m_transfer(settings) {
    for (const OnIndex& wheel : found) {
        m_found[wheel.file.blob] = wheel;
    }
}

bool Index::mayLeadTo(const hub::Address& place) const {
    return !place.hasUser && (place.isEncrypted || !m_endpoint.isEncrypted);
}

std::vector<std::string> Index::fieldsFor(const hub::Address& place) const {
    if (m_settings.token.empty() || place.origin != m_endpoint.origin) {
        return {};
    }
    return {"Authorization: Basic " + m_settings.token};
}

hub::Explain Index::explaining(const Pin& pin) const {
    return [this, pin](const hub::Answer& answer) { return explain(m_endpoint.host, pin, answer); };
}

Expected<hub::Answer> Index::get(const Pin& pin, std::string& url, const std::string& field,
                                 std::string* body, const std::stop_token& stop) {
    const auto read = [body](const hub::Answer&, std::span<const char> bytes) {
        if (body != nullptr) {
            body->append(bytes.data(), bytes.size());
        }
        return body != nullptr && body->size() <= kLargestPage;
    };
    for (int redirects = 0; redirects <= hub::kMostRedirects; ++redirects) {
        const auto address = hub::parseAddress(url);
        if (!address || !mayLeadTo(*address)) {
            return tl::unexpected(hub::untrue("The index " + m_endpoint.host + " sends us for " +
                                              pin.title() +
                                              " to a place that is not encrypted, or none at all."));
        }
        auto answer = hub::persist(
            m_settings, explaining(pin),
            [&] {
                if (body != nullptr) {
                    body->clear();
                }
                auto fields = fieldsFor(*address);
                fields.push_back(field);
                return m_transfer.run(
                    {.url = url, .fields = std::move(fields), .timeout = 2min, .onBytes = read}, stop);
            },
            stop);
        if (!answer || !hub::isRedirect(*answer)) {
            return answer;
        }
        const auto moved = hub::resolveAddress(url, answer->field("location"));
        url = moved ? moved->url : "";
    }
    return tl::unexpected(explain(m_endpoint.host, pin, hub::inCircles()));
}

Expected<OnIndex> Index::find(const Pin& pin, const std::stop_token& stop) {
    std::string url = m_settings.endpoint + "/" + hub::escaped(normalized(pin.project), false) + "/";
    std::string body;
    const auto answer =
        get(pin, url, "Accept: application/vnd.pypi.simple.v1+json, text/html;q=0.1", &body, stop);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->wasRefused) {
        return tl::unexpected(hub::untrue("The page of the index " + m_endpoint.host + " does not end."));
    }
    if (answer->status != 200) {
        return tl::unexpected(explain(m_endpoint.host, pin, *answer));
    }
    const auto files = parseIndexPage(answer->field("content-type"), body, url);
    if (!files) {
        return tl::unexpected(files.error());
    }
    const auto file = std::ranges::find(*files, pin.sha256, &IndexFile::sha256);
    if (file == files->end()) {
        return tl::unexpected(notOnIndex(m_endpoint.host, pin));
    }
    const auto size = file->size ? Expected<std::int64_t>(*file->size) : sizeOf(pin, file->url, stop);
    if (!size) {
        return tl::unexpected(size.error());
    }
    if (*size <= 0 || *size > kLargestWheel) {
        return tl::unexpected(hub::untrue("The index " + m_endpoint.host + " says that " + pin.title() +
                                          " has " + std::to_string(*size) + " bytes, which no wheel has."));
    }
    return OnIndex{pin, file->url, {pin.title(), *size, pin.sha256}};
}

/// By a part of one byte: what signed an address for fetching may refuse to be asked for a head.
Expected<std::int64_t> Index::sizeOf(const Pin& pin, std::string url, const std::stop_token& stop) {
    const auto answer = get(pin, url, "Range: bytes=0-0", nullptr, stop);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->status >= 400) {
        return tl::unexpected(explain(m_endpoint.host, pin, *answer));
    }
    const std::string& range = answer->field("content-range");  // bytes 0-0/1234
    const std::string whole = answer->status == 206
                                  ? range.substr(std::min(range.size(), range.rfind('/') + 1))
                                  : answer->field("content-length");
    const auto size = hub::wholeNumber(whole);
    return size ? Expected<std::int64_t>(*size)
                : tl::unexpected(hub::untrue("The index " + m_endpoint.host + " does not say how long " +
                                             pin.title() + " is."));
}

Expected<void> Index::download(const hub::RemoteFile& file, std::int64_t from, std::int64_t to,
                               const hub::Sink& sink, const std::stop_token& stop) {
    const OnIndex& wheel = m_found.at(file.blob);
    const hub::Road road{.home = m_endpoint.origin,
                         .mayLeadTo = [this](const hub::Address& place) { return mayLeadTo(place); },
                         .fieldsFor = [this](const hub::Address& place) { return fieldsFor(place); }};
    hub::FilePart part{file, sink, from, to};
    return hub::fetch(m_transfer, m_settings, road, part, wheel.url, explaining(wheel.pin), stop);
}

}  // namespace easel::libtorch
