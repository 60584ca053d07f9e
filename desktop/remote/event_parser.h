// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace easel::remote {

/// One server-sent event.
struct ServerEvent {
    QByteArray type = "message";
    QByteArray data;
    QByteArray id;  ///< the last id seen on the stream, also from earlier events
};

/// Cuts a byte stream into server-sent events (WHATWG HTML, "Server-sent events"), however it is split
/// into packets. Comments (heartbeats) yield nothing. Lines and events have an upper size, so that a broken
/// server can't fill the memory: past it `overflowed` stays true and nothing more is parsed.
class EventParser {
public:
    void feed(const QByteArray& bytes);
    std::optional<ServerEvent> next();
    bool overflowed() const { return m_overflowed; }

private:
    std::optional<QByteArray> takeLine();
    void takeField(const QByteArray& line);

    QByteArray m_buffer;
    qsizetype m_position = 0;  ///< where the first line not yet taken begins
    ServerEvent m_event;
    bool m_hasData = false;
    bool m_afterReturn = false;  ///< the last line ended with CR; an LF right after it belongs to it
    bool m_overflowed = false;
};

}  // namespace easel::remote
