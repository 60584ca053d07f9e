// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/address.h"
#include "server/hub/fetching.h"
#include "server/hub/settings.h"
#include "server/hub/source.h"
#include "server/hub/transfer.h"
#include "server/libtorch/index_page.h"
#include "server/libtorch/pins.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// The one that pip asks when nobody tells it another, as the build found it (EASEL_INDEX).
extern const char* const kUsualIndex;

/// How the index at `address` is reached. A name and a password in it become the token of the settings, as
/// Basic authentication has it, and are sent to the index alone. Certificates are those of PIP_CERT,
/// CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE. Errors: no address of an index, or one that would
/// send a password without encryption. No error holds a password.
protocol::Expected<hub::Settings> indexSettings(std::string address);

/// A wheel on an index.
struct OnIndex {
    Pin pin;
    std::string url;
    hub::RemoteFile file;
};

/// A client of a Python package index. Never led from an encrypted index to an address that is not; else
/// anywhere, since a file is known by its pinned hash, whoever sends it. For one thread at a time.
class Index final : public hub::Source {
public:
    /// `settings` outlives it.
    explicit Index(const hub::Settings& settings);
    /// One that fetches what `find` found.
    Index(const hub::Settings& settings, const std::vector<OnIndex>& found);

    /// Errors: as `explain` and `notOnIndex`.
    protocol::Expected<OnIndex> find(const Pin& pin, const std::stop_token& stop);

    /// What an index says of a file is its address alone.
    protocol::Expected<void> check(const hub::RemoteFile&, const std::stop_token&) override { return {}; }
    protocol::Expected<void> download(const hub::RemoteFile& file, std::int64_t from, std::int64_t to,
                                      const hub::Sink& sink, const std::stop_token& stop) override;

private:
    bool mayLeadTo(const hub::Address& place) const;
    std::vector<std::string> fieldsFor(const hub::Address& place) const;
    hub::Explain explaining(const Pin& pin) const;
    /// An answer that is no redirect; `url` is where it came from. Without `body` none is waited for.
    protocol::Expected<hub::Answer> get(const Pin& pin, std::string& url, const std::string& field,
                                        std::string* body, const std::stop_token& stop);
    protocol::Expected<std::int64_t> sizeOf(const Pin& pin, std::string url, const std::stop_token& stop);

    const hub::Settings& m_settings;
    const hub::Address m_endpoint;
    hub::Transfer m_transfer;
    std::map<std::string, OnIndex> m_found;  // by their hashes
};

}  // namespace easel::libtorch
