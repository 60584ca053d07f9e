// SPDX-License-Identifier: Apache-2.0
#include "server/commands/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "server/commands/background_writer.h"
#include "server/commands/messages.h"
#include "server/commands/recent_lines.h"
#include "shared/text/secrets.h"

namespace easel::commands {

namespace {

std::string_view colourOf(spdlog::level::level_enum level) {
    return level >= spdlog::level::err ? "\x1b[31m" : level == spdlog::level::warn ? "\x1b[33m" : "\x1b[32m";
}

/// `text` as it may be kept and can be shown. A client can put what it likes into a path, a key by mistake,
/// too.
std::string fit(std::string_view text) {
    return printable(text::withoutSecrets(text));
}

std::string_view severityOf(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::trace:
        case spdlog::level::debug:
            return "DEBUG";
        case spdlog::level::warn:
            return "WARNING";
        case spdlog::level::err:
        case spdlog::level::critical:
            return "ERROR";
        default:
            return "INFO";
    }
}

/// As syslog counts.
std::string_view priorityOf(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::trace:
        case spdlog::level::debug:
            return "<7>";
        case spdlog::level::warn:
            return "<4>";
        case spdlog::level::err:
        case spdlog::level::critical:
            return "<3>";
        default:
            return "<6>";
    }
}

spdlog::level::level_enum levelOf(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warning:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

/// Whether standard error leads to the journal: systemd says to which stream it has connected it.
bool isJournal() {
    const char* const told = std::getenv("JOURNAL_STREAM");
    struct ::stat stream {};
    return told != nullptr && ::fstat(STDERR_FILENO, &stream) == 0 &&
           told == std::to_string(stream.st_dev) + ':' + std::to_string(stream.st_ino);
}

LogFormat chosen(LogFormat format) {
    return format != LogFormat::Automatic ? format : isJournal() ? LogFormat::Journal : LogFormat::Text;
}

/// Of the lines that this thread logs.
thread_local const protocol::LogSubject* subjectHere = nullptr;

class Sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    Sink(std::shared_ptr<RecentLines> recent, LogFormat format)
        : m_recent(std::move(recent)), m_format(chosen(format)) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t formatted;
        formatter_->format(message, formatted);
        std::string_view text(formatted.data(), formatted.size());
        text.remove_suffix(text.ends_with('\n') ? 1 : 0);
        std::string line = fit(text);
        m_recent->add(line);
        switch (m_format) {
            case LogFormat::Json:
                line = toJson(message);
                break;
            case LogFormat::Journal:
                line = std::string(priorityOf(message.level)) + fit(view(message));
                break;
            default:
                line = m_isTerminal ? coloured(message, text).value_or(line) : line;
        }
        m_writer.write(line + '\n');
    }

    void flush_() override {}

    static std::string_view view(const spdlog::details::log_msg& message) {
        return {message.payload.data(), message.payload.size()};
    }

    static std::string toJson(const spdlog::details::log_msg& message) {
        const auto at =
            std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
        protocol::LogEntry entry{.at = at.count(),
                                 .severity = severityOf(message.level),
                                 .message = fit(view(message)),
                                 .subject = subjectHere != nullptr ? *subjectHere : protocol::LogSubject()};
        for (std::string* const text :
             {&entry.subject.requestId, &entry.subject.path, &entry.subject.method}) {
            *text = fit(*text);  // a client's words
        }
        return protocol::toJson(entry);
    }

    static std::optional<std::string> coloured(const spdlog::details::log_msg& message,
                                               std::string_view text) {
        const std::size_t from = message.color_range_start;
        const std::size_t to = message.color_range_end;
        if (from >= to || to > text.size()) {
            return std::nullopt;
        }
        return fit(text.substr(0, from)) + std::string(colourOf(message.level)) +
               fit(text.substr(from, to - from)) + "\x1b[m" + fit(text.substr(to));
    }

    const std::shared_ptr<RecentLines> m_recent;
    const LogFormat m_format;
    const bool m_isTerminal = ::isatty(STDERR_FILENO) == 1;
    BackgroundWriter m_writer{STDERR_FILENO};
};

}  // namespace

Log::Log(LogOptions options) : m_recent(std::make_shared<RecentLines>()) {
    auto logger =
        std::make_shared<spdlog::logger>("easel-server", std::make_shared<Sink>(m_recent, options.format));
    logger->set_level(levelOf(options.level));
    spdlog::set_default_logger(std::move(logger));
}

Log::~Log() {
    spdlog::shutdown();
}

std::vector<std::string> Log::last(int count) const {
    return m_recent->last(count);
}

LogAbout::LogAbout(protocol::LogSubject subject) : m_subject(std::move(subject)), m_outer(subjectHere) {
    subjectHere = &m_subject;
}

LogAbout::~LogAbout() {
    subjectHere = m_outer;
}

}  // namespace easel::commands
