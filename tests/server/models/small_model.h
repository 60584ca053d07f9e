// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>
#include <QStringList>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/server/models/safetensors_bytes.h"

/// The models of tests/fixtures/checkpoints.json with random weights, as diffusers' folders and as
/// checkpoints.
namespace easel::tests {

/// Numbers that every format of weights holds exactly.
using Numbers = std::vector<float>;

struct StoredTensor {
    QString name;
    QList<int> shape;
    Numbers numbers;
    QString dtype = "F32";
};

/// The bits of a number with so many bits for its exponent and its mantissa, which hold it exactly.
inline quint32 bitsOf(float number, int exponentBits, int mantissaBits) {
    if (number == 0) {
        return 0;
    }
    if (std::isinf(number)) {  // or NaN, in what has no infinity
        const auto mantissa = exponentBits == 4 ? (1U << mantissaBits) - 1 : 0U;
        return ((1U << exponentBits) - 1) << mantissaBits | mantissa;
    }
    int exponent = 0;
    const float fraction = std::frexp(std::fabs(number), &exponent);  // 0.5 to 1
    const int bias = (1 << (exponentBits - 1)) - 1;
    int stored = exponent - 1 + bias;
    auto mantissa = static_cast<quint32>(std::ldexp(fraction, mantissaBits + 1)) & ((1U << mantissaBits) - 1);
    if (stored < 1) {
        mantissa = static_cast<quint32>(std::ldexp(std::fabs(number), mantissaBits + bias - 1));
        stored = 0;
    }
    const quint32 sign = number < 0 ? 1U << (exponentBits + mantissaBits) : 0U;
    return sign | static_cast<quint32>(stored) << mantissaBits | mantissa;
}

inline QByteArray bytesOf(const Numbers& numbers, const QString& dtype) {
    static const QMap<QString, QList<int>> kFormats{
        {"F16", {5, 10, 2}}, {"BF16", {8, 7, 2}}, {"F8_E4M3", {4, 3, 1}}, {"F8_E5M2", {5, 2, 1}}};
    if (dtype == "F32") {
        return {reinterpret_cast<const char*>(numbers.data()), qsizetype(numbers.size() * sizeof(float))};
    }
    const QList<int> format = kFormats.value(dtype);
    QByteArray bytes;
    bytes.reserve(qsizetype(numbers.size()) * format[2]);
    for (const float number : numbers) {
        const quint32 bits = bitsOf(number, format[0], format[1]);
        for (int i = 0; i < format[2]; ++i) {
            bytes.append(static_cast<char>(bits >> (8 * i)));
        }
    }
    return bytes;
}

inline void writeTensors(const QString& path, const QList<StoredTensor>& tensors) {
    QByteArray header = "{";
    QByteArray data;
    for (const StoredTensor& tensor : tensors) {
        QStringList shape;
        for (const int extent : tensor.shape) {
            shape += QString::number(extent);
        }
        const QByteArray bytes = bytesOf(tensor.numbers, tensor.dtype);
        header += (header.size() > 1 ? "," : "") +
                  QStringLiteral("\"%1\":{\"dtype\":\"%2\",\"shape\":[%3],\"data_offsets\":[%4,%5]}")
                      .arg(tensor.name, tensor.dtype, shape.join(','))
                      .arg(data.size())
                      .arg(data.size() + bytes.size())
                      .toUtf8();
        data += bytes;
    }
    header += '}';
    header += QByteArray((8 - header.size() % 8) % 8, ' ');
    QDir().mkpath(QFileInfo(path).path());
    writeFile(path, safetensorsBytes(header, 0) + data);
}

inline void writeJson(const QString& path, const QJsonObject& object) {
    QDir().mkpath(QFileInfo(path).path());
    writeFile(path, QJsonDocument(object).toJson());
}

inline QByteArray readAll(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        qFatal("cannot read %s", qPrintable(path));
    }
    return file.readAll();
}

/// CLIP's tokenizer, as models' folders have it.
inline void writeTokenizer(const QString& folder, const QString& pad) {
    const QByteArray merges = readAll(EASEL_SOURCE_DIR "/resources/clip-vocabulary/merges.txt");
    QStringList symbols;
    QStringList others;
    for (int byte = 0; byte < 256; ++byte) {
        const bool isPlain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
        (isPlain ? symbols : others) += QChar(isPlain ? byte : 256 + int(others.size()));
    }
    QStringList tokens = symbols + others;
    for (const QString& symbol : symbols + others) {
        tokens += symbol + "</w>";
    }
    QStringList lines = QString::fromUtf8(merges).split('\n', Qt::SkipEmptyParts);
    for (const QString& line : lines.mid(1)) {
        tokens += QString(line).remove(' ');
    }
    tokens << "<|startoftext|>"
           << "<|endoftext|>";
    QByteArray vocabulary;  // by hand, for JSON objects of Qt's grow slowly
    for (qsizetype i = 0; i < tokens.size(); ++i) {
        QByteArray token = tokens[i].toUtf8();
        token.replace('\\', "\\\\").replace('"', "\\\"");
        vocabulary += (i == 0 ? "{\"" : ",\"") + token + "\":" + QByteArray::number(i);
    }
    QDir().mkpath(folder);
    writeFile(folder + "/vocab.json", vocabulary + '}');
    writeFile(folder + "/merges.txt", merges);
    writeJson(folder + "/tokenizer_config.json", {{"model_max_length", 77}, {"pad_token", pad}});
    writeJson(folder + "/special_tokens_map.json", {{"pad_token", pad}});
}

class SmallModel {
public:
    /// With another `vocabulary` than CLIP's it draws nothing, and takes less time.
    explicit SmallModel(const QString& name, int vocabulary = 49408) {
        const auto all =
            QJsonDocument::fromJson(readAll(EASEL_SOURCE_DIR "/tests/fixtures/checkpoints.json")).object();
        m_configs = all[name]["configs"].toObject();
        for (const char* const part : {"text_encoder", "text_encoder_2"}) {
            if (m_configs.contains(part)) {
                QJsonObject config = m_configs[part].toObject();
                config["vocab_size"] = vocabulary;
                m_configs[part] = config;
            }
        }
        for (const QJsonValue row : all[name]["tensors"].toArray()) {
            QList<int> shape = shapeOf(row[2]);
            if (row[1].toString().endsWith("token_embedding.weight")) {
                shape[0] = vocabulary;
            }
            m_rows.push_back({row[0].toString(), row[1].toString(), shape, row[3].toString(),
                              row[4].isArray() ? shapeOf(row[4]) : shape});
        }
    }

    struct Row {
        QString part;
        QString name;  ///< diffusers'
        QList<int> shape;
        QString storedName;  ///< the checkpoint's
        QList<int> storedShape;
    };
    const QList<Row>& rows() const { return m_rows; }

    /// Random, and the same whenever it is asked for.
    static Numbers numbersOf(const QString& part, const QString& name, const QList<int>& shape) {
        quint32 random = qChecksum((part + name).toUtf8());
        std::size_t count = 1;
        for (const int extent : shape) {
            count *= std::size_t(extent);
        }
        Numbers numbers(count);
        for (float& number : numbers) {
            random = random * 1664525 + 1013904223;
            number = static_cast<float>(int((random >> 16) % 15) - 7) / 64.0F;
        }
        return numbers;
    }

    /// As diffusers has it. With `prefixed` a part's name stands before each tensor's, as in one file.
    QList<StoredTensor> part(const QString& part, bool prefixed = false) const {
        QList<StoredTensor> tensors;
        for (const Row& row : m_rows) {
            if (row.part == part) {
                tensors.push_back({(prefixed ? part + '.' : QString()) + row.name, row.shape,
                                   numbersOf(part, row.name, row.shape)});
            }
        }
        return tensors;
    }

    /// As the original code has it.
    QList<StoredTensor> checkpoint() const {
        QList<StoredTensor> tensors;
        for (const Row& row : m_rows) {
            const bool isThird = row.storedName.contains(".in_proj_");
            if (isThird && !row.name.contains("q_proj")) {
                continue;  // comes with the queries
            }
            Numbers numbers = numbersOf(row.part, row.name, row.shape);
            if (isThird) {
                for (const char* const other : {"k_proj", "v_proj"}) {
                    const Numbers more =
                        numbersOf(row.part, QString(row.name).replace("q_proj", other), row.shape);
                    numbers.insert(numbers.end(), more.begin(), more.end());
                }
            } else if (row.storedName.endsWith(".text_projection")) {
                numbers = transposed(numbers, row.shape[0], row.shape[1]);
            }
            tensors.push_back({row.storedName, row.storedShape, std::move(numbers)});
        }
        return tensors;
    }

    void writeFolder(const QString& folder) const {
        const QString pipeline = m_configs["class"].toString();
        QJsonObject index{{"_class_name", pipeline}};
        if (pipeline != "StableDiffusionPipeline") {
            index["force_zeros_for_empty_prompt"] = pipeline == "StableDiffusionXLPipeline";
        }
        index["scheduler"] = QJsonArray{"diffusers", m_configs["scheduler"]["_class_name"]};
        writeJson(folder + "/scheduler/scheduler_config.json", m_configs["scheduler"].toObject());
        for (const char* const part : {"unet", "vae", "text_encoder", "text_encoder_2"}) {
            if (!m_configs.contains(part)) {
                continue;
            }
            const bool isText = QString(part).startsWith("text");
            const QJsonObject config = m_configs[part].toObject();
            index[part] = isText ? QJsonArray{"transformers", config["architectures"][0]}
                                 : QJsonArray{"diffusers", config["_class_name"]};
            writeJson(folder + '/' + part + "/config.json", config);
            writeTensors(
                folder + '/' + part + (isText ? "/model" : "/diffusion_pytorch_model") + ".safetensors",
                this->part(part));
            if (isText) {
                const QString tokenizer = QString(part).replace("text_encoder", "tokenizer");
                index[tokenizer] = QJsonArray{"transformers", "CLIPTokenizer"};
                writeTokenizer(folder + '/' + tokenizer,
                               config["hidden_act"] == "gelu" ? "!" : "<|endoftext|>");
            }
        }
        writeJson(folder + "/model_index.json", index);
    }

private:
    static QList<int> shapeOf(const QJsonValue& json) {
        QList<int> shape;
        for (const QJsonValue extent : json.toArray()) {
            shape += extent.toInt();
        }
        return shape;
    }

    static Numbers transposed(const Numbers& numbers, int rows, int columns) {
        Numbers turned(numbers.size());
        for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < columns; ++j) {
                turned[std::size_t(j * rows + i)] = numbers[std::size_t(i * columns + j)];
            }
        }
        return turned;
    }

    QJsonObject m_configs;
    QList<Row> m_rows;
};

}  // namespace easel::tests
