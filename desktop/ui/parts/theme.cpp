// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/theme.h"

#include <QApplication>

#include <cmath>

#include "desktop/ui/parts/flat_style.h"
#include "desktop/ui/parts/measures.h"

/// Resources of a static library are left out unless they are named; outside any namespace.
static void loadIcons() {
    Q_INIT_RESOURCE(icons);
}

namespace easel::ui {

namespace {

struct Tones {
    QRgb window, base, alternate, button, hover, border, strong, text, muted, disabled, accent, accentText,
        link, tip, tipText;
};

constexpr Tones kLight{
    .window = 0xfff7f7f8,
    .base = 0xffffffff,
    .alternate = 0xfff1f1f2,
    .button = 0xffffffff,
    .hover = 0xffebebed,
    .border = 0xffcfd0d4,
    .strong = 0xff86888e,
    .text = 0xff1b1c1e,
    .muted = 0xff5c5f66,
    .disabled = 0xff9b9da3,
    .accent = 0xff0f766e,
    .accentText = 0xffffffff,
    .link = 0xff0f766e,
    .tip = 0xff2b2c2f,
    .tipText = 0xfff4f4f5,
};

constexpr Tones kDark{
    .window = 0xff1f2022,
    .base = 0xff292a2d,
    .alternate = 0xff252628,
    .button = 0xff313236,
    .hover = 0xff393a3e,
    .border = 0xff44464b,
    .strong = 0xff808289,
    .text = 0xffe9e9eb,
    .muted = 0xffa8aab0,
    .disabled = 0xff6f7177,
    .accent = 0xff0f7c73,
    .accentText = 0xffffffff,
    .link = 0xff4fc9bd,
    .tip = 0xff3d3e42,
    .tipText = 0xfff0f0f1,
};

/// WCAG 2 relative luminance.
double luminance(const QColor& color) {
    const auto linear = [](double c) {
        return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return std::max(x, y) / std::min(x, y);
}

/// The platform's accent where it gives one that white can be read on; Qt's own default blue is not one.
QColor accentOf(const QPalette& platform, const Tones& tones) {
    const QColor offered = platform.color(QPalette::Active, QPalette::Highlight);
    const QColor qtDefault(48, 140, 198);
    const bool usable = offered != qtDefault && offered.hslSaturationF() > 0.25F &&
                        contrast(offered, QColor(tones.accentText)) >= 4.5;
    return usable ? offered : QColor(tones.accent);
}

QPalette paletteOf(const Tones& tones, const QColor& accent) {
    QPalette palette;
    palette.setColor(QPalette::Window, tones.window);
    palette.setColor(QPalette::WindowText, tones.text);
    palette.setColor(QPalette::Base, tones.base);
    palette.setColor(QPalette::AlternateBase, tones.alternate);
    palette.setColor(QPalette::Text, tones.text);
    palette.setColor(QPalette::Button, tones.button);
    palette.setColor(QPalette::ButtonText, tones.text);
    palette.setColor(QPalette::BrightText, tones.accentText);
    palette.setColor(QPalette::Light, tones.base);
    palette.setColor(QPalette::Midlight, tones.hover);
    palette.setColor(QPalette::Mid, tones.border);
    palette.setColor(QPalette::Dark, tones.strong);
    palette.setColor(QPalette::Shadow, tones.strong);
    palette.setColor(QPalette::Highlight, accent);
    palette.setColor(QPalette::HighlightedText, tones.accentText);
    palette.setColor(QPalette::Link, accent == QColor(tones.accent) ? QColor(tones.link) : accent);
    palette.setColor(QPalette::PlaceholderText, tones.muted);
    palette.setColor(QPalette::ToolTipBase, tones.tip);
    palette.setColor(QPalette::ToolTipText, tones.tipText);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        palette.setColor(QPalette::Disabled, role, tones.disabled);
    }
    palette.setColor(QPalette::Disabled, QPalette::Highlight, tones.border);
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, tones.muted);
    return palette;
}

}  // namespace

QString toString(Scheme scheme) {
    switch (scheme) {
        case Scheme::Light:
            return QStringLiteral("light");
        case Scheme::Dark:
            return QStringLiteral("dark");
        case Scheme::System:
            break;
    }
    return QStringLiteral("system");
}

Scheme schemeFrom(const QString& name) {
    for (const Scheme scheme : {Scheme::Light, Scheme::Dark}) {
        if (name == toString(scheme)) {
            return scheme;
        }
    }
    return Scheme::System;
}

Theme::Theme(QApplication& app) : m_platform(app.palette()) {
    loadIcons();
    QApplication::setStyle(new FlatStyle);
    setScheme(Scheme::System);
    QObject::connect(&m_system, &SystemScheme::changed, &m_system, [this] { setScheme(m_scheme); });
}

void Theme::setScheme(Scheme scheme) {
    m_scheme = scheme;
    const bool systemIsDark = m_system.prefersDark() || isDark(m_platform);
    const bool dark = scheme == Scheme::Dark || (scheme == Scheme::System && systemIsDark);
    const Tones& tones = dark ? kDark : kLight;
    QApplication::setPalette(paletteOf(tones, accentOf(m_platform, tones)));
}

}  // namespace easel::ui
