// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFile>
#include <QJsonArray>
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

    void editJson(const std::string& file, const std::function<void(QJsonObject&)>& edit) const {
        auto json = QJsonDocument::fromJson(read(file)).object();
        edit(json);
        write(file, QJsonDocument(json).toJson());
    }

    /// `edit` gets a safetensors file's header and the data after it. The data begin `misaligned` bytes
    /// beyond a multiple of eight.
    void editTensors(const std::string& file,
                     const std::function<void(QJsonObject& header, QByteArray& data)>& edit,
                     int misaligned = 0) const {
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

    /// Adds `tensor`, of single precision and contiguous, to a safetensors file, or puts it in the place of
    /// the one that has its name.
    template <typename Tensor>
    void putTensor(const std::string& file, const std::string& name, const Tensor& tensor) const {
        editTensors(file, [&](QJsonObject& header, QByteArray& data) {
            const QString key = QString::fromStdString(name);
            if (header.contains(key)) {
                takeOut(header, data, key);
            }
            QJsonArray shape;
            for (const auto side : tensor.sizes()) {
                shape.append(qint64(side));
            }
            const auto size = qsizetype(tensor.nbytes());
            header[key] = QJsonObject{{"dtype", "F32"},
                                      {"shape", shape},
                                      {"data_offsets", QJsonArray{data.size(), data.size() + size}}};
            data.append(static_cast<const char*>(tensor.const_data_ptr()), size);
        });
    }

    /// Where the data of `tensor` begin.
    static qsizetype offsetOf(const QJsonObject& header, const QString& tensor) {
        return header[tensor]["data_offsets"][0].toInteger();
    }

    static void rename(QJsonObject& header, const QString& from, const QString& to) {
        header[to] = header.take(from);
    }

private:
    /// Those that stand after it close up.
    static void takeOut(QJsonObject& header, QByteArray& data, const QString& tensor) {
        const QJsonArray taken = header[tensor].toObject()["data_offsets"].toArray();
        const qint64 begin = taken.at(0).toInteger();
        const qint64 size = taken.at(1).toInteger() - begin;
        header.remove(tensor);
        data.remove(begin, size);
        for (auto it = header.begin(); it != header.end(); ++it) {
            QJsonObject entry = it->toObject();
            const QJsonArray offsets = entry["data_offsets"].toArray();
            if (!offsets.isEmpty() && offsets.at(0).toInteger() > begin) {
                entry["data_offsets"] =
                    QJsonArray{offsets.at(0).toInteger() - size, offsets.at(1).toInteger() - size};
                *it = entry;
            }
        }
    }

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
