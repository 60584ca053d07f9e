// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <stdexcept>
#include <string>
#include <string_view>

#include "server/diffusion/samplers/settings.h"

namespace easel::tests {

inline QString toQt(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

/// What `sampler` works with in a model whose scheduler_config.json is `config`.
inline diffusion::SamplerSettings settingsOf(const QJsonObject& config, const std::string& sampler,
                                             const std::string& schedule = "default") {
    QTemporaryDir folder;
    QFile file(folder.filePath("scheduler_config.json"));
    [[maybe_unused]] const bool opened = file.open(QIODevice::WriteOnly);
    file.write(QJsonDocument(config).toJson());
    file.close();
    const auto read = models::readSchedulerConfig(file.fileName().toStdString());
    if (!read) {
        throw std::runtime_error(read.error().detail);
    }
    protocol::GenerationSettings asked;
    asked.sampler = sampler;
    asked.schedule = schedule;
    asked.steps = 1;
    return diffusion::samplerSettings(*read, asked);
}

/// A scheduler that the fixtures were made with, by its name in schedulers.json.
inline QJsonObject fixtureScheduler(const QString& name) {
    QFile file(EASEL_SOURCE_DIR "/tests/fixtures/diffusion/schedulers.json");
    if (!file.open(QIODevice::ReadOnly)) {
        throw std::runtime_error("cannot read schedulers.json");
    }
    return QJsonDocument::fromJson(file.readAll())[name].toObject();
}

}  // namespace easel::tests
