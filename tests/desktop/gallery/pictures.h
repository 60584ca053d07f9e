// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QBuffer>
#include <QByteArray>
#include <QColor>
#include <QImage>

#include "desktop/gallery/png_text.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/infotext.h"

/// Pictures to test with.
namespace easel::tests {

inline QByteArray plainPng(const QColor& color = Qt::red, QSize size = {64, 48}) {
    QImage image(size, QImage::Format_RGB32);
    image.fill(color);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    image.save(&buffer, "PNG");
    return bytes;
}

inline protocol::GenerationSettings settings(const std::string& prompt, std::int64_t seed = 41) {
    protocol::GenerationSettings settings;
    settings.model = "starter";
    settings.prompt = prompt;
    settings.negativePrompt = "blurry,\n\"ugly\"";
    settings.width = 64;
    settings.height = 48;
    settings.steps = 12;
    settings.sampler = "ddim";
    settings.seed = seed;
    return settings;
}

/// A picture as the server sends it.
inline QByteArray serverPng(const protocol::GenerationSettings& settings, const QColor& color = Qt::red) {
    const QString text = QString::fromStdString(protocol::toInfotext(settings, "0.1.0"));
    return gallery::withPngText(plainPng(color, {settings.width, settings.height}), "parameters", text);
}

}  // namespace easel::tests
