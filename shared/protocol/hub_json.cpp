// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <nlohmann/json.hpp>

#include "shared/protocol/json.h"
#include "shared/protocol/json_parts.h"
#include "shared/protocol/json_reader.h"
#include "shared/protocol/strict_json.h"

namespace easel::protocol {

namespace {

using nlohmann::json;

Expected<HubVariant> readVariant(const json& value) {
    Reader reader(value, "The variant");
    HubVariant variant;
    reader.read("name", variant.name);
    reader.read("files", variant.files);
    reader.read("bytes", variant.bytes);
    reader.read("bytes_here", variant.bytesHere);
    return reader.finish(std::move(variant));
}

Expected<HubHit> readHit(const json& value) {
    Reader reader(value, "The model");
    HubHit hit;
    reader.read("id", hit.id);
    reader.read("downloads", hit.downloads);
    reader.read("licence", hit.licence);
    reader.read("gated", hit.isGated);
    return reader.finish(std::move(hit));
}

}  // namespace

std::string toJson(const HubModel& model) {
    json variants = json::array();
    for (const HubVariant& variant : model.variants) {
        variants.push_back({{"name", variant.name},
                            {"files", variant.files},
                            {"bytes", variant.bytes},
                            {"bytes_here", variant.bytesHere}});
    }
    return text({{"id", model.id},
                 {"commit", model.commit},
                 {"licence", model.licence},
                 {"gated", model.isGated},
                 {"page", model.page},
                 {"variants", std::move(variants)},
                 {"notes", model.notes},
                 {"problem", model.problem ? write(*model.problem) : json(nullptr)}});
}

std::string toJson(const std::vector<HubHit>& hits) {
    json list = json::array();
    for (const HubHit& hit : hits) {
        list.push_back(
            {{"id", hit.id}, {"downloads", hit.downloads}, {"licence", hit.licence}, {"gated", hit.isGated}});
    }
    return text({{"models", std::move(list)}});
}

Expected<HubModel> parseHubModel(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The model");
        HubModel model;
        reader.read("id", model.id);
        reader.read("commit", model.commit);
        reader.read("licence", model.licence);
        reader.read("gated", model.isGated);
        reader.read("page", model.page);
        reader.readList("variants", model.variants, readVariant);
        reader.readList("notes", model.notes, textItem);
        reader.read("problem", model.problem, readProblem);
        return reader.finish(std::move(model));
    });
}

Expected<std::vector<HubHit>> parseHubHits(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The list of models");
        std::vector<HubHit> hits;
        reader.readList("models", hits, readHit);
        return reader.finish(std::move(hits));
    });
}

}  // namespace easel::protocol
