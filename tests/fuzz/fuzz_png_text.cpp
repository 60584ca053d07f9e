// SPDX-License-Identifier: Apache-2.0
// The text of PNG files, as the gallery reads and writes it. The first byte chooses.
#include <QBuffer>
#include <QFile>

#include "desktop/gallery/png_text.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto bytes =
        QByteArray::fromRawData(reinterpret_cast<const char*>(data + 1), static_cast<int>(size - 1));
    if (data[0] % 4 != 0) {
        QBuffer file;
        file.setData(bytes);
        file.open(QIODevice::ReadOnly);
        gallery::readPngHeader(file, "parameters");
        return 0;
    }
    // 1x1 pixel.
    static const QByteArray png = QByteArray::fromBase64(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
    const QString text = QString::fromUtf8(bytes);
    if (text.contains(QChar(0))) {
        return 0;  // No text chunk can hold it.
    }
    QByteArray written = gallery::withPngText(png, "parameters", text);
    QBuffer file(&written);
    file.open(QIODevice::ReadOnly);
    const auto header = gallery::readPngHeader(file, "parameters");
    fuzz::require(header.has_value(), "what was written is a PNG");
    fuzz::require(header->text.value_or(QString()) == text, "a text survives");
    return 0;
}
