// SPDX-License-Identifier: Apache-2.0
// Server-sent events: the same events however the stream is cut into packets. The first byte is the pace.
#include <vector>

#include "desktop/remote/event_parser.h"
#include "shared/protocol/json.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

std::vector<remote::ServerEvent> eventsOf(const QByteArray& bytes, int pace) {
    remote::EventParser parser;
    std::vector<remote::ServerEvent> events;
    for (int at = 0; at < bytes.size(); at += pace) {
        parser.feed(bytes.mid(at, pace));
        while (const auto event = parser.next()) {
            events.push_back(*event);
        }
    }
    return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const QByteArray bytes(reinterpret_cast<const char*>(data + 1), static_cast<int>(size - 1));
    const auto whole = eventsOf(bytes, static_cast<int>(size));
    const auto parts = eventsOf(bytes, 1 + data[0] % 16);
    fuzz::require(whole.size() == parts.size(), "as many events in packets as at once");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        fuzz::require(
            whole[i].type == parts[i].type && whole[i].data == parts[i].data && whole[i].id == parts[i].id,
            "the same events in packets as at once");
        if (const auto event =
                protocol::parseEvent(whole[i].type.toStdString(), whole[i].data.toStdString())) {
            protocol::eventData(*event);
        }
    }
    return 0;
}
