// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/exposition.h"

#include <cmath>

#include <fmt/core.h>

namespace easel::metrics {

namespace {

std::string escaped(std::string_view text, bool isLabel) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '"':
                out += isLabel ? "\\\"" : "\"";
                break;
            default:
                out += letter;
        }
    }
    return out;
}

std::string number(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    return fmt::format("{}", value);
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    m_name = name;
    m_text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
}

void Exposition::sample(const Labels& labels, double value, std::string_view suffix) {
    m_text += m_name;
    m_text += suffix;
    if (!labels.empty()) {
        char before = '{';
        for (const auto& [name, text] : labels) {
            m_text += before + name + "=\"" + escaped(text, true) + '"';
            before = ',';
        }
        m_text += '}';
    }
    m_text += ' ' + number(value) + '\n';
}

void Exposition::gauge(std::string_view name, std::string_view help, double value) {
    family(name, "gauge", help);
    sample({}, value);
}

}  // namespace easel::metrics
