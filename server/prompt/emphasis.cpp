// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/emphasis.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "server/prompt/number.h"

namespace easel::prompt {

namespace {

constexpr double kMore = 1.1;
constexpr double kLess = 1 / 1.1;
constexpr std::string_view kEscapable = "\\()[]";
constexpr std::string_view kSyntax = "\\()[]:";
constexpr std::string_view kBreak = "BREAK";
constexpr std::string_view kSpaces = " \t\r\n\v\f";

class Scanner {
public:
    explicit Scanner(const Text& prompt) : m_prompt(prompt), m_text(prompt.bytes) {}

    Reading scan() {
        while (m_at < m_text.size()) {
            sign();
        }
        for (const std::size_t begin : m_round) {
            weigh(begin, kMore);
        }
        for (const std::size_t begin : m_square) {
            weigh(begin, kLess);
        }
        return merged();
    }

private:
    /// A character of the syntax, or all up to the next one.
    void sign() {
        switch (m_text[m_at]) {
            case '\\':
                return escape();
            case '(':
                m_round.push_back(m_reading.size());
                break;
            case '[':
                m_square.push_back(m_reading.size());
                break;
            case ':':
                if (explicitWeight()) {
                    return;
                }
                add(m_at, m_at + 1);
                break;
            case ')':
                if (!close(m_round, kMore)) {
                    add(m_at, m_at + 1);
                }
                break;
            case ']':
                if (!close(m_square, kLess)) {
                    add(m_at, m_at + 1);
                }
                break;
            default:
                return words();
        }
        ++m_at;
    }

    /// A backslash is left out, and so is what the next character would mean.
    void escape() {
        ++m_at;
        if (m_at < m_text.size() && kEscapable.find(m_text[m_at]) != std::string_view::npos) {
            add(m_at, m_at + 1);
            ++m_at;
        }
    }

    /// The weight and the bracket of (…:1.3).
    bool explicitWeight() {
        const std::size_t end = m_text.find_first_not_of("+-.0123456789 \t\r\n\v\f", m_at + 1);
        if (m_round.empty() || end == std::string_view::npos || m_text[end] != ')') {
            return false;
        }
        const auto weight = numberIn(trimmed(m_text.substr(m_at + 1, end - m_at - 1)));
        if (!weight) {
            return false;
        }
        m_at = end + 1;
        return close(m_round, *weight);
    }

    bool close(std::vector<std::size_t>& open, double weight) {
        if (open.empty()) {
            return false;
        }
        weigh(open.back(), weight);
        open.pop_back();
        return true;
    }

    void weigh(std::size_t begin, double weight) {
        for (Passage& passage : std::span(m_reading).subspan(begin)) {
            passage.weight = std::clamp(passage.weight * weight, -kGreatestWeight, kGreatestWeight);
        }
    }

    /// Up to the next character of the syntax, cut at each BREAK.
    void words() {
        const std::size_t end = std::min(m_text.find_first_of(kSyntax, m_at), m_text.size());
        const std::string_view all = m_text.substr(0, end);
        for (std::size_t at = all.find(kBreak, m_at); at != std::string_view::npos;
             at = all.find(kBreak, at + kBreak.size())) {
            if (isWordAt(all, at, kBreak)) {
                add(m_at, m_at + withoutSpaceBehind(all.substr(m_at, at - m_at)));
                m_opensChunk = true;
                m_at = std::min(all.find_first_not_of(kSpaces, at + kBreak.size()), end);
            }
        }
        add(m_at, end);
        m_at = end;
    }

    static std::size_t withoutSpaceBehind(std::string_view text) {
        return text.find_last_not_of(kSpaces) + 1;
    }

    void add(std::size_t begin, std::size_t end) {
        m_reading.push_back({m_prompt.part(begin, end), 1, std::exchange(m_opensChunk, false)});
    }

    /// Neighbours of one weight are one passage: a word may lie across them.
    Reading merged() {
        Reading reading;
        for (Passage& passage : m_reading) {
            if (!reading.empty() && !passage.opensChunk && reading.back().weight == passage.weight) {
                reading.back().text.append(passage.text);
            } else {
                reading.push_back(std::move(passage));
            }
        }
        return reading;
    }

    const Text& m_prompt;
    const std::string_view m_text;
    std::size_t m_at = 0;
    Reading m_reading;
    bool m_opensChunk = false;
    std::vector<std::size_t> m_round;  // the passages that open brackets begin with
    std::vector<std::size_t> m_square;
};

}  // namespace

Reading readingOf(const Text& prompt) {
    return Scanner(prompt).scan();
}

}  // namespace easel::prompt
