// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "server/hub/address.h"
#include "server/hub/problems.h"
#include "server/hub/settings.h"
#include "server/hub/source.h"
#include "server/hub/transfer.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// A repository at one commit.
struct Repository {
    std::string id;        ///< OWNER/NAME
    std::string revision;  ///< as it was asked for
    std::string commit;
    bool isGated = false;
    std::string licence;  ///< as its card names it; empty: it names none
    std::vector<RemoteFile> files;
};

/// A client of the Hugging Face hub, or of one that speaks as it does. What fails for a moment is tried again
/// with growing pauses, up to five times in a row without progress. The token is sent to the hub alone, never
/// to where it keeps its files. For one thread at a time.
class Hub {
public:
    /// `settings` outlives it.
    explicit Hub(const Settings& settings);

    /// `id` and `revision` are names (see names.h and protocol::isHubName). Errors: as `explain`.
    protocol::Expected<Repository> repository(const std::string& id, const std::string& revision,
                                              const std::stop_token& stop);
    /// Models that pictures can be made with and that `words` are found in, the most used first; at most
    /// `limit`. Errors: the same.
    protocol::Expected<std::vector<protocol::HubHit>> search(const std::string& words, int limit,
                                                             const std::stop_token& stop);
    /// Asks for a file's head: that it may be had, and is what was listed.
    protocol::Expected<void> check(const Repository& repository, const RemoteFile& file,
                                   const std::stop_token& stop);
    /// Hands the file's bytes from `from` up to `to` to `sink`, each once and in order.
    protocol::Expected<void> download(const Repository& repository, const RemoteFile& file, std::int64_t from,
                                      std::int64_t to, const Sink& sink, const std::stop_token& stop);
    /// The whole of a small file, its hash compared.
    protocol::Expected<std::string> text(const Repository& repository, const RemoteFile& file,
                                         const std::stop_token& stop);

private:
    Subject subject(const std::string& id, const std::string& revision, const std::string& file = {}) const;
    std::string resolveUrl(const Repository& repository, const RemoteFile& file) const;
    std::vector<std::string> fieldsFor(const Address& address) const;
    protocol::Expected<std::string> json(const Subject& subject, const std::string& url, Answer& answer,
                                         const std::stop_token& stop);
    protocol::Expected<std::vector<RemoteFile>> tree(const std::string& id, const std::string& commit,
                                                     const std::stop_token& stop);
    Answer head(const std::string& url, const std::stop_token& stop);

    const Settings& m_settings;
    const Address m_endpoint;
    Transfer m_transfer;
};

/// The files of one repository.
class RepositoryFiles final : public Source {
public:
    /// All outlive it.
    RepositoryFiles(const Settings& settings, const Repository& repository)
        : m_hub(settings), m_repository(repository) {}

    protocol::Expected<void> check(const RemoteFile& file, const std::stop_token& stop) override {
        return m_hub.check(m_repository, file, stop);
    }
    protocol::Expected<void> download(const RemoteFile& file, std::int64_t from, std::int64_t to,
                                      const Sink& sink, const std::stop_token& stop) override {
        return m_hub.download(m_repository, file, from, to, sink, stop);
    }

private:
    Hub m_hub;
    const Repository& m_repository;
};

}  // namespace easel::hub
