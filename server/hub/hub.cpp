// SPDX-License-Identifier: Apache-2.0
#include "server/hub/hub.h"

#include <algorithm>
#include <utility>

#include "server/hub/fetching.h"
#include "server/hub/file_part.h"
#include "server/hub/hashing.h"
#include "server/hub/repository_json.h"

namespace easel::hub {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;

constexpr int kPages = 200;
constexpr std::size_t kLargestJson = std::size_t{32} << 20;
constexpr std::int64_t kLargestText = std::int64_t{16} << 20;

std::string unquoted(std::string_view etag) {
    if (etag.starts_with("W/")) {
        etag.remove_prefix(2);
    }
    const bool isQuoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
    return std::string(isQuoted ? etag.substr(1, etag.size() - 2) : etag);
}

}  // namespace

Hub::Hub(const Settings& settings)
    : m_settings(settings),
      m_endpoint(parseAddress(settings.endpoint).value_or(Address())),
      m_transfer(settings) {}

Subject Hub::subject(const std::string& id, const std::string& revision, const std::string& file) const {
    return {id, revision, file, m_endpoint.host, !m_settings.token.empty()};
}

std::string Hub::resolveUrl(const Repository& repository, const RemoteFile& file) const {
    return m_settings.endpoint + "/" + repository.id + "/resolve/" + repository.commit + "/" +
           escaped(file.path, true);
}

std::vector<std::string> Hub::fieldsFor(const Address& address) const {
    if (m_settings.token.empty() || address.origin != m_endpoint.origin) {
        return {};
    }
    return {"Authorization: Bearer " + m_settings.token};
}

Expected<std::string> Hub::json(const Subject& subject, const std::string& url, Answer& answer,
                                const std::stop_token& stop) {
    std::string next = url;
    std::string body;
    for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
        const auto address = parseAddress(next);
        if (!address || address->origin != m_endpoint.origin) {
            return tl::unexpected(untrue("The hub sends us to another place for its list of files."));
        }
        auto asked = persist(
            m_settings, [&subject](const Answer& failed) { return explain(subject, failed); },
            [&] {
                body.clear();
                return m_transfer.run({.url = address->url,
                                       .fields = fieldsFor(*address),
                                       .timeout = 2min,
                                       .onBytes =
                                           [&body](const Answer&, std::span<const char> bytes) {
                                               body.append(bytes.data(), bytes.size());
                                               return body.size() <= kLargestJson;
                                           }},
                                      stop);
            },
            stop);
        if (!asked) {
            return tl::unexpected(std::move(asked.error()));
        }
        answer = std::move(*asked);
        if (!isRedirect(answer)) {
            break;
        }
        const auto moved =
            resolveAddress(address->url, answer.field("location"));  // a repository has another name now
        next = moved ? moved->url : "";
    }
    if (answer.wasRefused) {
        return tl::unexpected(untrue("The hub's answer does not end."));
    }
    if (answer.status != 200) {
        return tl::unexpected(explain(subject, answer));
    }
    return body;
}

Expected<Repository> Hub::repository(const std::string& id, const std::string& revision,
                                     const std::stop_token& stop) {
    Answer answer;
    auto repository =
        json(subject(id, revision),
             m_settings.endpoint + "/api/models/" + id + "/revision/" + escaped(revision, false), answer,
             stop)
            .and_then(parseRepository);
    if (!repository) {
        return repository;
    }
    repository->id = id;
    repository->revision = revision;
    auto files = tree(id, repository->commit, stop);
    if (!files) {
        return tl::unexpected(std::move(files.error()));
    }
    repository->files = std::move(*files);
    return repository;
}

Expected<std::vector<protocol::HubHit>> Hub::search(const std::string& words, int limit,
                                                    const std::stop_token& stop) {
    Answer answer;
    return json(subject("", ""),
                m_settings.endpoint + "/api/models?search=" + escaped(words, false) +
                    "&filter=diffusers&pipeline_tag=text-to-image&sort=downloads&direction=-1"
                    "&expand[]=downloads&expand[]=gated&expand[]=tags&limit=" +
                    std::to_string(limit),
                answer, stop)
        .and_then(parseHits);
}

Expected<std::vector<RemoteFile>> Hub::tree(const std::string& id, const std::string& commit,
                                            const std::stop_token& stop) {
    std::vector<RemoteFile> all;
    std::string url =
        m_settings.endpoint + "/api/models/" + id + "/tree/" + commit + "?recursive=true&expand=false";
    for (int page = 0; page < kPages && !url.empty(); ++page) {
        Answer answer;
        auto files = json(subject(id, commit), url, answer, stop).and_then(parseTree);
        if (!files) {
            return files;
        }
        std::ranges::move(*files, std::back_inserter(all));
        const auto next = resolveAddress(url, nextPage(answer.field("link")));
        url = next && next->url != url ? next->url : "";
    }
    return all;
}

/// The hub's own answer: relative redirects are followed, one to where the file is kept is the answer.
Answer Hub::head(const std::string& url, const std::stop_token& stop) {
    std::string next = url;
    for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
        const auto address = parseAddress(next);
        if (!address || address->origin != m_endpoint.origin) {
            break;
        }
        Answer answer = m_transfer.run(
            {.url = next, .headOnly = true, .fields = fieldsFor(*address), .timeout = 1min, .onBytes = {}},
            stop);
        const std::string& location = answer.field("location");
        const bool isRelative = location.find("://") == std::string::npos && !location.starts_with("//");
        if (!isRedirect(answer) || !isRelative) {
            return answer;
        }
        const auto moved = resolveAddress(next, location);
        next = moved ? moved->url : "";
    }
    return inCircles();
}

Expected<void> Hub::check(const Repository& repository, const RemoteFile& file, const std::stop_token& stop) {
    const Subject about = subject(repository.id, repository.commit, file.path);
    const auto answer = persist(
        m_settings, [&about](const Answer& failed) { return explain(about, failed); },
        [&] { return head(resolveUrl(repository, file), stop); }, stop);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->status != 200 && !isRedirect(*answer)) {
        return tl::unexpected(explain(about, *answer));
    }
    const std::string& commit = answer->field("x-repo-commit");
    if (!commit.empty() && commit != repository.commit) {
        return tl::unexpected(
            untrue("The hub gives " + file.path + " of another commit than was asked for."));
    }
    const bool isLinked = !answer->field("x-linked-etag").empty();
    const std::string etag = unquoted(answer->field(isLinked ? "x-linked-etag" : "etag"));
    if (!etag.empty() && etag != file.blob && (isLinked || !isRedirect(*answer))) {
        return tl::unexpected(untrue("The hub lists " + file.path +
                                     " with one hash and gives it with another. It is "
                                     "not used."));
    }
    const std::string& size = answer->field(isLinked ? "x-linked-size" : "content-length");
    const auto bytes = isLinked || !isRedirect(*answer) ? wholeNumber(size) : std::nullopt;
    if (bytes && *bytes != file.size) {
        return tl::unexpected(wrongSize(file, *bytes));
    }
    return {};
}

Expected<void> Hub::download(const Repository& repository, const RemoteFile& file, std::int64_t from,
                             std::int64_t to, const Sink& sink, const std::stop_token& stop) {
    const Road road{.home = m_endpoint.origin,
                    .mayLeadTo = [this](const Address& place) { return mayBeStorage(m_endpoint, place); },
                    .fieldsFor = [this](const Address& place) { return fieldsFor(place); }};
    const Subject about = subject(repository.id, repository.commit, file.path);
    FilePart part{file, sink, from, to};
    return hub::fetch(
        m_transfer, m_settings, road, part, resolveUrl(repository, file),
        [&about](const Answer& answer) { return explain(about, answer); }, stop);
}

Expected<std::string> Hub::text(const Repository& repository, const RemoteFile& file,
                                const std::stop_token& stop) {
    if (file.size > kLargestText) {
        return tl::unexpected(
            untrue(file.path + " should be a small text and has " + std::to_string(file.size) + " bytes."));
    }
    std::string bytes;
    const auto sink = [&bytes](std::int64_t, std::span<const char> more) -> Expected<void> {
        bytes.append(more.data(), more.size());
        return {};
    };
    if (auto got = download(repository, file, 0, file.size, sink, stop); !got) {
        return tl::unexpected(std::move(got.error()));
    }
    if (hashAs(file.blob, bytes) != file.blob) {
        return tl::unexpected(
            untrue("What came of " + file.path + " has another hash than the hub announced."));
    }
    return bytes;
}

}  // namespace easel::hub
