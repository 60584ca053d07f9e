// SPDX-License-Identifier: Apache-2.0
#include "server/hub/pull.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/hub/cache.h"
#include "server/hub/hub.h"
#include "server/hub/names.h"
#include "server/hub/speed.h"
#include "shared/text/sizes.h"

namespace easel::hub {

namespace {

using protocol::Expected;

constexpr std::int64_t kKeptFree = std::int64_t{64} << 20;  // bytes

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

Expected<void> checkRoom(const PullOptions& options, std::int64_t missing) {
    const std::int64_t free = freeBytes(options);
    if (missing + kKeptFree <= free || missing == 0) {
        return {};
    }
    return tl::unexpected(protocol::noSpace(
        "The model needs " + text::spelledBytes(missing) + " more on the disk with " +
        options.cache.string() + ", and " + text::spelledBytes(std::max<std::int64_t>(free, 0)) +
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
    const auto files = selection->distinct();
    Downloads downloads(
        cache.places(), [&] { return std::make_unique<RepositoryFiles>(settings, *repository); },
        options.downloads);
    std::int64_t bytes = 0;
    std::int64_t here = 0;
    for (const RemoteFile& file : files) {
        bytes += file.size;
        here += downloads.bytesHere(file);
    }
    if (auto room = checkRoom(options, bytes - here); !room) {
        return tl::unexpected(std::move(room.error()));
    }
    Speed speed(here);
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
