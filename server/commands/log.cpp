// SPDX-License-Identifier: Apache-2.0
#include "server/commands/log.h"

#include <unistd.h>

#include <memory>
#include <mutex>
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

class Sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit Sink(std::shared_ptr<RecentLines> recent) : m_recent(std::move(recent)) {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t formatted;
        formatter_->format(message, formatted);
        std::string_view text(formatted.data(), formatted.size());
        text.remove_suffix(text.ends_with('\n') ? 1 : 0);
        const std::size_t from = message.color_range_start;
        const std::size_t to = message.color_range_end;
        std::string line = fit(text);
        m_recent->add(line);
        if (m_isTerminal && from < to && to <= text.size()) {
            line = fit(text.substr(0, from)) + std::string(colourOf(message.level)) +
                   fit(text.substr(from, to - from)) + "\x1b[m" + fit(text.substr(to));
        }
        m_writer.write(line + '\n');
    }

    void flush_() override {}

    const std::shared_ptr<RecentLines> m_recent;
    const bool m_isTerminal = ::isatty(STDERR_FILENO) == 1;
    BackgroundWriter m_writer{STDERR_FILENO};
};

}  // namespace

Log::Log() : m_recent(std::make_shared<RecentLines>()) {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("easel-server", std::make_shared<Sink>(m_recent)));
}

Log::~Log() {
    spdlog::shutdown();
}

std::vector<std::string> Log::last(int count) const {
    return m_recent->last(count);
}

}  // namespace easel::commands
