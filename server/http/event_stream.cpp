// SPDX-License-Identifier: Apache-2.0
#include "server/http/event_stream.h"

#include <algorithm>
#include <utility>

#include "server/http/event_buffer.h"

namespace easel::http {

namespace {

void appendField(std::string& text, std::string_view name, std::string_view value) {
    // A line break would end the field, so a value of several lines becomes several fields.
    do {
        const std::size_t end = std::min(value.find('\n'), value.size());
        text.append(name).append(": ").append(value.substr(0, end)).append("\n");
        value.remove_prefix(std::min(end + 1, value.size()));
    } while (!value.empty());
}

std::string textOf(std::string_view type, std::string_view data, std::string_view id) {
    std::string text;
    if (!id.empty()) {
        appendField(text, "id", id);
    }
    if (!type.empty()) {
        appendField(text, "event", type);
    }
    if (!data.empty()) {
        appendField(text, "data", data);
    }
    text += '\n';
    return text;
}

}  // namespace

EventStream::EventStream(const std::shared_ptr<EventBuffer>& buffer)
    : m_buffer(buffer.get(), [buffer](EventBuffer* ended) { ended->close(); }) {}

bool EventStream::send(std::string_view type, std::string_view data, std::string_view id,
                       std::string_view slot) {
    return m_buffer->append(textOf(type, data, id), slot);
}

void EventStream::offer(std::string_view type, std::string_view data, std::string_view slot) {
    m_buffer->offer(textOf(type, data, {}), slot);
}

void EventStream::close() {
    m_buffer->close();
}

void EventStream::onClosed(std::function<void()> callback) {
    m_buffer->onEnded(std::move(callback));
}

}  // namespace easel::http
