// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/event_parser.h"

namespace easel::remote {

namespace {

// Far above what a job's event needs.
constexpr qsizetype kMaxEventBytes = 4LL * 1024 * 1024;

}  // namespace

void EventParser::feed(const QByteArray& bytes) {
    if (m_overflowed) {
        return;
    }
    m_buffer.remove(0, m_position);
    m_position = 0;
    m_buffer += bytes;
}

std::optional<ServerEvent> EventParser::next() {
    while (auto line = takeLine()) {
        if (!line->isEmpty()) {
            takeField(*line);
            continue;
        }
        ServerEvent event = m_event;
        const bool complete = m_hasData;
        m_event.type = "message";
        m_event.data.clear();
        m_hasData = false;
        if (complete) {
            return event;
        }
    }
    return std::nullopt;
}

std::optional<QByteArray> EventParser::takeLine() {
    if (m_overflowed) {
        return std::nullopt;
    }
    if (m_afterReturn && m_position < m_buffer.size()) {
        if (m_buffer.at(m_position) == '\n') {
            ++m_position;
        }
        m_afterReturn = false;
    }
    for (qsizetype end = m_position; end < m_buffer.size(); ++end) {
        const char c = m_buffer.at(end);
        if (c != '\n' && c != '\r') {
            continue;
        }
        QByteArray line = m_buffer.mid(m_position, end - m_position);
        m_position = end + 1;
        m_afterReturn = c == '\r';
        return line;
    }
    m_overflowed = m_buffer.size() - m_position > kMaxEventBytes;
    return std::nullopt;
}

void EventParser::takeField(const QByteArray& line) {
    const qsizetype colon = line.indexOf(':');
    if (colon == 0) {
        return;  // a comment
    }
    const QByteArray field = colon < 0 ? line : line.left(colon);
    QByteArray value = colon < 0 ? QByteArray() : line.mid(colon + 1);
    if (value.startsWith(' ')) {
        value.remove(0, 1);
    }

    if (field == "event") {
        m_event.type = std::move(value);
    } else if (field == "id" && !value.contains('\0')) {
        m_event.id = std::move(value);
    } else if (field == "data") {
        if (m_hasData) {
            m_event.data += '\n';
        }
        m_event.data += value;
        m_hasData = true;
        m_overflowed = m_event.data.size() > kMaxEventBytes;
    }
}

}  // namespace easel::remote
