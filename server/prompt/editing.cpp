// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/editing.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "server/prompt/number.h"

namespace easel::prompt {

namespace {

/// Deeper brackets are text here; they still weigh.
constexpr int kMaxDepth = 64;
constexpr std::string_view kSyntax = "[]():|";

}  // namespace

/// A descent into brackets. One that fails leaves everything as it was, and its bracket is text.
class Editing::Parser {
public:
    Parser(std::string_view text, int steps) : m_text(text), m_steps(steps) {}

    Nodes parse() {
        Nodes nodes;
        while (m_at < m_text.size()) {
            const std::size_t before = m_at;
            Nodes found;
            if (isOpening(m_text[m_at]) && bracket(found, 0)) {
                append(nodes, std::move(found));
            } else {
                m_at = before;
                literal(nodes, isSyntax(m_text[m_at]) ? 1 : literalSize());
            }
        }
        return nodes;
    }

private:
    static bool isOpening(char c) { return c == '[' || c == '('; }
    static bool isSyntax(char c) { return kSyntax.find(c) != std::string_view::npos; }

    /// Bytes up to the next character of the syntax that no backslash stands before.
    std::size_t literalSize() const {
        std::size_t end = m_at;
        while (end < m_text.size() && !isSyntax(m_text[end])) {
            end = std::min(end + (m_text[end] == '\\' ? 2 : 1), m_text.size());
        }
        return end - m_at;
    }

    void literal(Nodes& nodes, std::size_t size) {
        if (nodes.empty() || !nodes.back().options.empty() || nodes.back().end != m_at) {
            nodes.push_back({m_at, m_at});
        }
        nodes.back().end = m_at += size;
    }

    static void append(Nodes& nodes, Nodes more) {
        std::move(more.begin(), more.end(), std::back_inserter(nodes));
    }

    /// What stands between two characters of the syntax; false where a bracket in it does not close.
    bool inner(Nodes& nodes, int depth) {
        while (m_at < m_text.size()) {
            if (!isSyntax(m_text[m_at])) {
                literal(nodes, literalSize());
            } else if (!isOpening(m_text[m_at])) {
                return true;
            } else if (!bracket(nodes, depth + 1)) {
                return false;
            }
        }
        return false;
    }

    bool bracket(Nodes& nodes, int depth) {
        return depth < kMaxDepth && (m_text[m_at] == '(' ? round(nodes, depth) : square(nodes, depth));
    }

    /// (text) or (text:text), which changes nothing by itself.
    bool round(Nodes& nodes, int depth) {
        literal(nodes, 1);
        if (!inner(nodes, depth)) {
            return false;
        }
        if (m_text[m_at] == ':') {
            literal(nodes, 1);
            if (!inner(nodes, depth)) {
                return false;
            }
        }
        const bool closes = m_text[m_at] == ')';
        literal(nodes, 1);
        return closes;
    }

    bool square(Nodes& nodes, int depth) {
        const std::size_t begin = m_at++;
        std::vector<Nodes> parts;
        std::string_view last;
        switch (separated(parts, last, depth)) {
            case ']':  // [text], which changes nothing by itself
                nodes.push_back({begin, begin + 1});
                append(nodes, std::move(parts.front()));
                nodes.push_back({m_at - 1, m_at});
                return true;
            case '|':
                nodes.push_back({begin, m_at, std::move(parts)});
                return true;
            case ':':
                return change(nodes, std::move(parts), last);
            default:
                return false;
        }
    }

    /// Up to the closing bracket → what separates the parts, of which `last` is the last one as it was
    /// written; the bracket itself where there is one part, NUL where it does not close or they differ.
    char separated(std::vector<Nodes>& parts, std::string_view& last, int depth) {
        char separator = ']';
        while (true) {
            const std::size_t begin = m_at;
            if (!inner(parts.emplace_back(), depth)) {
                return '\0';
            }
            const char sign = m_text[m_at++];
            if (sign == ']') {
                last = m_text.substr(begin, m_at - 1 - begin);
                return separator;
            }
            if (sign == ')' || (parts.size() > 1 && sign != separator)) {
                return '\0';
            }
            separator = sign;
        }
    }

    /// [before:after:when], or [after:when].
    bool change(Nodes& nodes, std::vector<Nodes> parts, std::string_view when) {
        when = trimmed(when);
        const auto number = numberIn(when);
        if (!number || parts.size() > 3) {
            return false;
        }
        const bool isFraction = when.find('.') != std::string_view::npos;
        const double step = std::clamp(isFraction ? *number * m_steps : *number, 0.0, double(m_steps));
        parts.pop_back();
        if (parts.size() == 1) {
            parts.insert(parts.begin(), Nodes());
        }
        nodes.push_back({0, 0, std::move(parts), static_cast<int>(step)});
        return true;
    }

    const std::string_view m_text;
    const int m_steps;
    std::size_t m_at = 0;
};

Editing::Editing(Text prompt, int steps)
    : m_prompt(std::move(prompt)), m_steps(steps), m_nodes(Parser(m_prompt.bytes, steps).parse()) {}

std::set<int> Editing::turns() const {
    std::set<int> turns{m_steps};
    collectTurns(m_nodes, turns);
    return turns;
}

void Editing::collectTurns(const Nodes& nodes, std::set<int>& turns) const {
    for (const Node& node : nodes) {
        if (node.when && *node.when > 0) {
            turns.insert(*node.when);
        }
        for (int step = 1; !node.when && !node.options.empty() && step < m_steps; ++step) {
            turns.insert(step);
        }
        for (const Nodes& option : node.options) {
            collectTurns(option, turns);
        }
    }
}

Text Editing::at(int step) const {
    Text text;
    write(m_nodes, step, text);
    return text;
}

void Editing::write(const Nodes& nodes, int step, Text& text) const {
    for (const Node& node : nodes) {
        if (node.options.empty()) {
            text.append(m_prompt, node.begin, node.end);
        } else if (node.when) {
            write(node.options[step <= *node.when ? 0 : 1], step, text);
        } else {
            write(node.options[static_cast<std::size_t>(step - 1) % node.options.size()], step, text);
        }
    }
}

}  // namespace easel::prompt
