// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace easel::tests {

/// What was logged, a line each, from whatever threads and for as long as they like.
class SharedLog {
public:
    std::function<void(const std::string&)> writer() {
        return [lines = m_lines](const std::string& line) {
            const std::scoped_lock lock(lines->mutex);
            lines->text += line + '\n';
        };
    }

    std::string text() const {
        const std::scoped_lock lock(m_lines->mutex);
        return m_lines->text;
    }

    bool contains(const std::string& part) const { return text().find(part) != std::string::npos; }

private:
    struct Lines {
        std::mutex mutex;
        std::string text;
    };
    std::shared_ptr<Lines> m_lines = std::make_shared<Lines>();
};

}  // namespace easel::tests
