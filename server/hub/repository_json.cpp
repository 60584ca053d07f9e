// SPDX-License-Identifier: Apache-2.0
#include "server/hub/repository_json.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "server/hub/names.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/strict_json.h"

namespace easel::hub {

namespace {

using nlohmann::json;
using protocol::Expected;

constexpr std::int64_t kLargestFile = std::int64_t{1} << 44;  // 16 TiB

std::string textAt(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// A card names its licence; "other" has a name of its own beside it.
std::string licenceIn(const json& card) {
    const std::string licence = textAt(card, "license");
    const std::string name = textAt(card, "license_name");
    std::string shown = licence == "other" && !name.empty() ? name : licence;
    if (const std::string link = textAt(card, "license_link");
        !shown.empty() && link.starts_with("https://")) {
        shown += " (" + link + ")";
    }
    constexpr std::size_t kShown = 300;
    return shown.substr(0, kShown);
}

bool isGated(const json& model) {
    const auto gated = model.find("gated");
    return gated != model.end() && *gated != json(false) && !gated->is_null();
}

Expected<RemoteFile> readFile(const json& entry) {
    RemoteFile file{textAt(entry, "path"), -1, textAt(entry, "oid")};
    const auto lfs = entry.find("lfs");
    const json& sized = lfs != entry.end() && lfs->is_object() ? *lfs : entry;
    if (&sized != &entry) {
        file.blob = textAt(*lfs, "oid");
    }
    if (const auto size = sized.find("size"); size != sized.end() && size->is_number_unsigned()) {
        file.size = size->get<std::uint64_t>() <= kLargestFile ? size->get<std::int64_t>() : -1;
    }
    if (!isFilePath(file.path)) {
        return tl::unexpected(
            untrue("The hub lists a file whose name leads out of the model's folder. Nothing was "
                   "fetched."));
    }
    if (!isBlobName(file.blob) || file.size < 0) {
        return tl::unexpected(
            untrue("What the hub lists for " + file.path + " is neither a size nor a hash."));
    }
    return file;
}

}  // namespace

Expected<Repository> parseRepository(std::string_view text) {
    const auto value = protocol::parseStrict(text);
    Repository repository;
    if (value && value->is_object()) {
        repository.commit = textAt(*value, "sha");
        repository.isGated = isGated(*value);
        if (const auto card = value->find("cardData"); card != value->end()) {
            repository.licence = licenceIn(*card);
        }
    }
    if (!isCommit(repository.commit)) {
        return tl::unexpected(untrue("What answered does not speak as the hub does: it names no commit."));
    }
    return repository;
}

Expected<std::vector<RemoteFile>> parseTree(std::string_view text) {
    const auto value = protocol::parseStrict(text);
    if (!value || !value->is_array()) {
        return tl::unexpected(untrue("What answered does not speak as the hub does: it lists no files."));
    }
    std::vector<RemoteFile> files;
    for (const json& entry : *value) {
        if (!entry.is_object() || textAt(entry, "type") != "file") {
            continue;
        }
        auto file = readFile(entry);
        if (!file) {
            return tl::unexpected(std::move(file.error()));
        }
        files.push_back(std::move(*file));
    }
    return files;
}

Expected<std::vector<protocol::HubHit>> parseHits(std::string_view text) {
    const auto value = protocol::parseStrict(text);
    if (!value || !value->is_array()) {
        return tl::unexpected(untrue("What answered does not speak as the hub does: it lists no models."));
    }
    std::vector<protocol::HubHit> hits;
    for (const json& entry : *value) {
        protocol::HubHit hit;
        hit.id = textAt(entry, "id");
        if (!protocol::isHubName(hit.id)) {
            continue;
        }
        hit.isGated = isGated(entry);
        const auto downloads = entry.find("downloads");
        if (downloads != entry.end() && downloads->is_number_unsigned()) {
            hit.downloads = downloads->get<std::int64_t>();
        }
        const auto tags = entry.find("tags");
        for (const json& tag : tags != entry.end() && tags->is_array() ? *tags : json::array()) {
            constexpr std::string_view kLicence = "license:";
            if (tag.is_string() && tag.get_ref<const std::string&>().starts_with(kLicence)) {
                hit.licence = tag.get<std::string>().substr(kLicence.size());
            }
        }
        hits.push_back(std::move(hit));
    }
    return hits;
}

std::string nextPage(std::string_view link) {
    const std::size_t end = link.find(">; rel=\"next\"");
    const std::size_t begin = link.substr(0, end).rfind('<');
    return end == std::string_view::npos || begin == std::string_view::npos
               ? ""
               : std::string(link.substr(begin + 1, end - begin - 1));
}

}  // namespace easel::hub
