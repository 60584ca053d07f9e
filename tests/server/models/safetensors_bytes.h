// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QFile>
#include <QString>

/// A safetensors file's bytes: the header's length, the header as given, and that many bytes of data.
inline QByteArray safetensorsBytes(const QByteArray& header, qsizetype dataBytes) {
    QByteArray bytes;
    for (int i = 0; i < 8; ++i) {
        bytes += static_cast<char>(static_cast<quint64>(header.size()) >> (8 * i));
    }
    bytes += header;
    for (qsizetype i = 0; i < dataBytes; ++i) {
        bytes += static_cast<char>(i);
    }
    return bytes;
}

inline void writeFile(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
        qFatal("cannot write %s", qPrintable(path));
    }
}
