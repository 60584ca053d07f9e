// SPDX-License-Identifier: Apache-2.0
#include "server/hub/offer.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "server/hub/cache.h"
#include "server/hub/downloads.h"
#include "server/hub/hub.h"
#include "server/hub/names.h"
#include "server/hub/selection.h"
#include "server/models/files/weight_files.h"
#include "shared/protocol/pull_info.h"

namespace easel::hub {

namespace {

using protocol::Expected;

/// The variants of the part that takes most of the room; the plain one comes first.
std::set<std::string> variantsIn(const Repository& repository) {
    const std::string folder = "unet/";
    std::vector<std::string> names;
    for (const RemoteFile& file : repository.files) {
        if (file.path.starts_with(folder)) {
            names.push_back(file.path.substr(folder.size()));
        }
    }
    std::set<std::string> variants;
    for (const auto& file : models::weightsAmong("unet", names, models::WeightNaming::Diffusers)) {
        variants.insert(file.variant);
    }
    return variants;
}

/// Reads each text once: the variants share most of them.
TextReader remembering(TextReader read) {
    return [read = std::move(read), known = std::map<std::string, std::string>()](
               const RemoteFile& file) mutable -> Expected<std::string> {
        const auto found = known.find(file.blob);
        if (found != known.end()) {
            return found->second;
        }
        return read(file).map([&](std::string text) { return known[file.blob] = std::move(text); });
    };
}

}  // namespace

Expected<protocol::HubModel> lookUp(const Settings& settings, const std::filesystem::path& cache,
                                    const std::string& id, const std::string& revision,
                                    const std::stop_token& stop) {
    if (!protocol::isHubName(id)) {
        return tl::unexpected(
            protocol::invalidField("model", "Say the model's name on the hub: OWNER/NAME."));
    }
    if (!isRevision(revision)) {
        return tl::unexpected(
            protocol::invalidField("revision", "A revision is a branch, a tag or a commit, as main."));
    }
    Hub hub(settings);
    const auto repository = hub.repository(id, revision, stop);
    if (!repository) {
        return tl::unexpected(repository.error());
    }
    protocol::HubModel model;
    model.id = id;
    model.commit = repository->commit;
    model.licence = repository->licence;
    model.isGated = repository->isGated;
    model.page = settings.endpoint + "/" + id;
    const CachedRepository cached(cache, id);
    const Downloads downloads(cached.places(), {}, {});
    const TextReader read =
        remembering([&](const RemoteFile& file) { return hub.text(*repository, file, stop); });
    std::set<std::string> variants = variantsIn(*repository);
    if (variants.empty()) {
        variants.insert("");  // to learn what is wrong
    }
    for (const std::string& name : variants) {
        const auto selection = select(*repository, {.variant = name, .only = {}}, read);
        if (!selection) {
            model.problem = selection.error();
            continue;
        }
        protocol::HubVariant variant{name, static_cast<int>(selection->files.size()), 0, 0};
        for (const RemoteFile& file : selection->distinct()) {
            variant.bytes += file.size;
            variant.bytesHere += downloads.bytesHere(file);
        }
        model.variants.push_back(std::move(variant));
        for (const std::string& note : selection->notes) {
            if (std::ranges::find(model.notes, note) == model.notes.end()) {
                model.notes.push_back(note);
            }
        }
    }
    if (!model.variants.empty()) {
        model.problem.reset();
    }
    return model;
}

}  // namespace easel::hub
