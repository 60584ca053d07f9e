// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/setup_json.h"

#include <nlohmann/json.hpp>

#include "shared/protocol/json.h"

namespace easel::libtorch {

namespace {

using Json = nlohmann::ordered_json;

Json about(const PinList& list, std::string_view state) {
    return {{"kind", toString(list.kind)}, {"name", list.name}, {"state", state}};
}

/// Paths may hold any bytes.
std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string toJson(const PinList& list, const SetupProgress& progress) {
    Json json = about(list, toString(progress.stage));
    json["files_done"] = progress.filesDone;
    json["files"] = progress.files;
    json["bytes_done"] = progress.bytesDone;
    json["bytes"] = progress.bytes;
    json["bytes_per_second"] = progress.bytesPerSecond;
    return dumped(json);
}

std::string beginningToJson(const PinList& list, const std::string& remark) {
    Json json = about(list, "chosen");
    json["remark"] = remark.empty() ? Json() : Json(remark);
    return dumped(json);
}

std::string endToJson(const PinList& list, const protocol::Expected<SetupResult>& result, bool isCancelled) {
    Json json = about(list, result ? "succeeded" : isCancelled ? "cancelled" : "failed");
    if (result) {
        json["folder"] = result->folder.string();
        json["was_here"] = result->wasHere;
        json["removed"] = result->older.removed;
        json["kept"] = result->older.kept;
        json["other_in_use"] = result->otherInUse.empty() ? Json() : Json(result->otherInUse);
    } else if (!isCancelled) {
        json["problem"] = Json::parse(protocol::toJson(result.error()));
    }
    return dumped(json);
}

}  // namespace easel::libtorch
