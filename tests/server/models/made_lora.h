// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>
#include <QTemporaryDir>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/models/lora/lora_file.h"
#include "tests/server/models/safetensors_bytes.h"

namespace easel::tests {

using Shape = std::vector<std::int64_t>;

/// A file of zeros (of ones in 8-bit numbers' count), and its metadata.
class MadeLora {
public:
    explicit MadeLora(const std::vector<std::pair<QByteArray, Shape>>& tensors,
                      const QByteArray& metadata = "{}", const QString& name = "made.safetensors") {
        QByteArray header = "{\"__metadata__\":" + metadata;
        qsizetype end = 0;
        for (const auto& [tensor, shape] : tensors) {
            qsizetype size = 4;
            QByteArray extents;
            for (const auto extent : shape) {
                size *= extent;
                extents += (extents.isEmpty() ? "" : ",") + QByteArray::number(extent);
            }
            header += ",\"" + tensor + "\":{\"dtype\":\"F32\",\"shape\":[" + extents +
                      "],\"data_offsets\":[" + QByteArray::number(end) + "," +
                      QByteArray::number(end + size) + "]}";
            end += size;
        }
        m_path = m_folder.filePath(name);
        writeFile(m_path, safetensorsBytes(header + "}", 0) + QByteArray(end, '\0'));
    }

    protocol::Expected<models::LoraFile> open() const { return models::LoraFile::open(m_path.toStdString()); }
    void writeBeside(const QString& name, const QByteArray& bytes) const {
        writeFile(m_folder.filePath(name), bytes);
    }

private:
    QTemporaryDir m_folder;
    QString m_path;
};

/// Two factors for a layer of `out` x `in`.
inline std::vector<std::pair<QByteArray, Shape>> factors(const QByteArray& layer, const QByteArray& down,
                                                         const QByteArray& up, std::int64_t out,
                                                         std::int64_t in) {
    return {{layer + down, {2, in}}, {layer + up, {out, 2}}};
}

inline QString messageOf(const auto& expected) {
    return expected ? "" : QString::fromStdString(expected.error().detail);
}

}  // namespace easel::tests
