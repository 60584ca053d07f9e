// SPDX-License-Identifier: Apache-2.0
#include "server/hub/pull.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <utility>

#include "server/hub/cache.h"
#include "server/hub/hub.h"
#include "server/hub/names.h"

namespace easel::hub {

namespace {

using protocol::Expected;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kKeptFree = std::int64_t{64} << 20;  // bytes

std::string inGigabytes(std::int64_t bytes) {
    std::array<char, 32> text{};
    const double mega = static_cast<double>(bytes) / 1e6;
    std::snprintf(text.data(), text.size(), mega < 1000 ? "%.1f MB" : "%.2f GB",
                  mega < 1000 ? mega : mega / 1000);
    return text.data();
}

Expected<void> checkNames(const PullOptions& options) {
    if (!protocol::isHubName(options.model)) {
        return tl::unexpected(protocol::invalidField(
            "model",
            "\"" + options.model + "\" is no name of a model on the hub; one looks like OWNER/NAME."));
    }
    if (!isRevision(options.revision)) {
        return tl::unexpected(protocol::invalidField(
            "revision",
            "\"" + options.revision + "\" is no revision; one is a branch, a tag or a commit, as main."));
    }
    if (!isVariant(options.wish.variant)) {
        return tl::unexpected(protocol::invalidField(
            "variant", "\"" + options.wish.variant + "\" is no variant; one looks like fp16."));
    }
    if (options.cache.empty()) {
        return tl::unexpected(protocol::invalidField(
            "cache",
            "There is no home folder and so no cache of the hub; say where with --cache or HF_HUB_CACHE."));
    }
    return {};
}

std::int64_t freeBytes(const PullOptions& options) {
    if (options.freeBytes) {
        return options.freeBytes();
    }
    std::error_code error;
    const auto space = std::filesystem::space(options.cache, error);
    return error ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(space.available);
}

/// Each blob once: several names may stand for one.
std::vector<RemoteFile> distinct(const std::vector<RemoteFile>& files) {
    std::vector<RemoteFile> all;
    std::set<std::string> seen;
    for (const RemoteFile& file : files) {
        if (seen.insert(file.blob).second) {
            all.push_back(file);
        }
    }
    return all;
}

/// How fast it goes, by what came in the last seconds.
class Speed {
public:
    double after(std::int64_t bytes) {
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - m_at).count();
        if (seconds < kLeast) {
            return m_perSecond;
        }
        constexpr double kMemory = 3;  // seconds
        const double latest = std::max(0.0, static_cast<double>(bytes - m_bytes) / seconds);
        const double weight = m_isKnown ? 1 - std::exp(-seconds / kMemory) : 1;
        m_perSecond += weight * (latest - m_perSecond);
        m_bytes = bytes;
        m_at = now;
        m_isKnown = true;
        return m_perSecond;
    }
    void begin(std::int64_t bytes) {
        m_bytes = bytes;
        m_at = Clock::now();
    }

private:
    static constexpr double kLeast = 0.2;  // seconds
    Clock::time_point m_at;
    std::int64_t m_bytes = 0;
    double m_perSecond = 0;
    bool m_isKnown = false;
};

Expected<void> checkRoom(const PullOptions& options, std::int64_t missing) {
    const std::int64_t free = freeBytes(options);
    if (missing + kKeptFree <= free || missing == 0) {
        return {};
    }
    return tl::unexpected(
        protocol::noSpace("The model needs " + inGigabytes(missing) + " more on the disk with " +
                          options.cache.string() + ", and " + inGigabytes(std::max<std::int64_t>(free, 0)) +
                          " are free. Make room, or say where with --cache or HF_HUB_CACHE. "
                          "Nothing was fetched."));
}

/// model_index.json comes last: with it the snapshot is a model.
Expected<void> publish(const CachedRepository& cache, const Repository& repository,
                       const Selection& selection) {
    for (auto file = selection.files.rbegin(); file != selection.files.rend(); ++file) {
        if (auto linked = cache.link(repository.commit, file->path, file->blob); !linked) {
            return linked;
        }
    }
    return cache.writeRef(repository.revision, repository.commit);
}

}  // namespace

Expected<Pulled> pull(const Settings& settings, const PullOptions& options, const PullWatcher& watcher,
                      const std::stop_token& stop) {
    if (auto named = checkNames(options); !named) {
        return tl::unexpected(std::move(named.error()));
    }
    Hub hub(settings);
    const auto repository = hub.repository(options.model, options.revision, stop);
    if (!repository) {
        return tl::unexpected(repository.error());
    }
    const auto selection = select(*repository, options.wish,
                                  [&](const RemoteFile& file) { return hub.text(*repository, file, stop); });
    if (!selection) {
        return tl::unexpected(selection.error());
    }
    const PullPlan plan{repository->commit,
                        repository->licence,
                        repository->isGated,
                        selection->notes,
                        static_cast<int>(selection->files.size()),
                        selection->bytes()};
    watcher.onPlan(plan);

    const CachedRepository cache(options.cache, options.model);
    if (auto prepared = cache.prepare(); !prepared) {
        return tl::unexpected(std::move(prepared.error()));
    }
    const auto files = distinct(selection->files);
    Downloads downloads(settings, *repository, cache, options.downloads);
    std::int64_t bytes = 0;
    std::int64_t here = 0;
    for (const RemoteFile& file : files) {
        bytes += file.size;
        here += downloads.bytesHere(file);
    }
    if (auto room = checkRoom(options, bytes - here); !room) {
        return tl::unexpected(std::move(room.error()));
    }
    Speed speed;
    speed.begin(here);
    const auto onTick = [&](const Downloads::Done& done) {
        watcher.onProgress(
            {done.files, static_cast<int>(files.size()), done.bytes, bytes, speed.after(done.bytes)});
    };
    if (auto done = downloads.run(files, onTick, stop); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    if (auto published = publish(cache, *repository, *selection); !published) {
        return tl::unexpected(std::move(published.error()));
    }
    return Pulled{plan, cache.snapshot(repository->commit)};
}

}  // namespace easel::hub
