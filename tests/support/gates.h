// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <stdexcept>

namespace easel::tests {

/// How far from the reference a quantity may be; tests/reference/README.md says where each gate comes from.
inline double gate(const char* name) {
    static const QJsonObject gates = [] {
        QFile file(EASEL_SOURCE_DIR "/tests/fixtures/diffusion/gates.json");
        return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object()
                                              : QJsonObject();
    }();
    if (!gates[name].isDouble()) {
        throw std::runtime_error(std::string("no gate ") + name);
    }
    return gates[name].toDouble();
}

}  // namespace easel::tests
