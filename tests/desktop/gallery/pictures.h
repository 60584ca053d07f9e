// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QBuffer>
#include <QByteArray>
#include <QColor>
#include <QImage>
#include <QTest>

#include "desktop/gallery/picture_store.h"
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

/// Adds a picture and waits until it is on disk.
inline protocol::Expected<gallery::Picture> addTo(gallery::PictureStore& store, const QByteArray& png,
                                                  const protocol::GenerationSettings& settings) {
    std::optional<protocol::Expected<gallery::Picture>> result;
    QObject context;
    store.add(png, settings, &context, [&](auto picture) { result = std::move(picture); });
    if (!QTest::qWaitFor([&] { return result.has_value(); }, 30'000)) {
        qFatal("the picture was not written");
    }
    return *result;
}

}  // namespace easel::tests
