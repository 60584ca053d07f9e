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

Expected<AddonInfo> readAddon(const json& value) {
    Reader reader(value, "The add-on");
    AddonInfo addon;
    reader.read("kind", addon.kind, enumItemOr(addonKindFrom, AddonKind::Lora));
    reader.read("name", addon.name);
    reader.read("title", addon.title);
    reader.read("bytes", addon.bytes);
    reader.read("family", addon.family);
    reader.read("rank", addon.rank);
    reader.readList("triggers", addon.triggers, textItem);
    reader.read("why", addon.why);
    return reader.finish(std::move(addon));
}

}  // namespace

std::string toJson(const std::vector<AddonInfo>& addons) {
    json list = json::array();
    for (const AddonInfo& addon : addons) {
        list.push_back({{"kind", toString(addon.kind)},
                        {"name", addon.name},
                        {"title", addon.title},
                        {"bytes", addon.bytes},
                        {"family", addon.family},
                        {"rank", addon.rank},
                        {"triggers", addon.triggers},
                        {"why", addon.why}});
    }
    return text({{"addons", std::move(list)}});
}

Expected<std::vector<AddonInfo>> parseAddons(std::string_view body) {
    return parseStrict(body).and_then([](const json& value) {
        Reader reader(value, "The list of add-ons");
        std::vector<AddonInfo> addons;
        reader.readList("addons", addons, readAddon);
        return reader.finish(std::move(addons));
    });
}

}  // namespace easel::protocol
