// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QtEndian>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

namespace easel::tests {

/// A copy of a tiny model in a temporary folder, to be damaged in one place.
class EditedModel {
public:
    explicit EditedModel(const std::string& name) {
        std::filesystem::copy(EASEL_SOURCE_DIR "/tests/fixtures/models/" + name, root(),
                              std::filesystem::copy_options::recursive);
    }

    std::filesystem::path root() const { return m_folder.filePath("model").toStdString(); }

    void editJson(const std::string& file, const std::function<void(QJsonObject&)>& edit) {
        auto json = QJsonDocument::fromJson(read(file)).object();
        edit(json);
        write(file, QJsonDocument(json).toJson());
    }

    /// `edit` gets a safetensors file's header and the data after it. The data begin `misaligned` bytes
    /// beyond a multiple of eight.
    void editTensors(const std::string& file,
                     const std::function<void(QJsonObject& header, QByteArray& data)>& edit,
                     int misaligned = 0) {
        const QByteArray bytes = read(file);
        const auto size = qFromLittleEndian<quint64>(bytes.constData());
        auto header = QJsonDocument::fromJson(bytes.mid(8, qsizetype(size))).object();
        QByteArray data = bytes.mid(qsizetype(8 + size));
        edit(header, data);
        QByteArray text = QJsonDocument(header).toJson(QJsonDocument::Compact);
        text.append(QByteArray((8 - text.size() % 8) % 8 + misaligned, ' '));
        QByteArray length(8, '\0');
        qToLittleEndian<quint64>(quint64(text.size()), length.data());
        write(file, length + text + data);
    }

    /// Where the data of `tensor` begin.
    static qsizetype offsetOf(const QJsonObject& header, const QString& tensor) {
        return header[tensor]["data_offsets"][0].toInteger();
    }

    static void rename(QJsonObject& header, const QString& from, const QString& to) {
        header[to] = header.take(from);
    }

private:
    QByteArray read(const std::string& name) const {
        QFile file(QString::fromStdString(root() / name));
        if (!file.open(QIODevice::ReadOnly)) {
            throw std::runtime_error("cannot read " + name);
        }
        return file.readAll();
    }

    void write(const std::string& name, const QByteArray& bytes) const {
        QFile file(QString::fromStdString(root() / name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
            throw std::runtime_error("cannot write " + name);
        }
    }

    QTemporaryDir m_folder;
};

}  // namespace easel::tests
