// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <random>

#include "server/models/files/safetensors.h"
#include "tests/server/models/safetensors_bytes.h"

using namespace easel;
using models::DType;

namespace {

std::span<const std::byte> spanOf(const QByteArray& bytes) {
    return std::as_bytes(std::span(bytes.data(), static_cast<std::size_t>(bytes.size())));
}

auto parse(const QByteArray& bytes) {
    return models::parseSafetensors(spanOf(bytes), "weights.safetensors");
}

/// An entry of a header.
QByteArray entry(const char* name, const char* dtype, const char* shape, const char* offsets) {
    return QByteArray("\"") + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

class TestSafetensors : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsWhatIsThere() {
        const QByteArray bytes = safetensorsBytes(R"({"__metadata__":{"format":"pt"},)" +
                                                      entry("second", "F16", "[2,3]", "[4,16]") + "," +
                                                      entry("first", "F32", "[]", "[0,4]") + "," +
                                                      entry("empty", "I64", "[0,7]", "[16,16]") + "}   ",
                                                  16);
        const auto tensors = parse(bytes);
        QVERIFY2(tensors, tensors ? "" : tensors.error().detail.c_str());
        QCOMPARE(tensors->size(), std::size_t{3});
        QCOMPARE((*tensors)[0].name, std::string("first"));
        QVERIFY((*tensors)[0].shape.empty());
        QVERIFY((*tensors)[1].dtype == DType::F16);
        QVERIFY(((*tensors)[1].shape == std::vector<std::int64_t>{2, 3}));
        QCOMPARE((*tensors)[1].data.size(), std::size_t{12});
        QCOMPARE(std::to_integer<int>((*tensors)[1].data[0]), 4);
        QVERIFY((*tensors)[2].data.empty());
    }

    void metadataAreKept() {
        const QByteArray bytes = safetensorsBytes(R"({"__metadata__":{"format":"pt","ss_network_dim":"8"},)" +
                                                      entry("a", "U8", "[1]", "[0,1]") + "}",
                                                  1);
        models::Metadata metadata;
        QVERIFY(models::parseSafetensors(spanOf(bytes), "weights.safetensors", &metadata));
        QCOMPARE(metadata, (models::Metadata{{"format", "pt"}, {"ss_network_dim", "8"}}));
    }

    void acceptsEveryDtypeAtItsSize_data() {
        QTest::addColumn<QByteArray>("dtype");
        QTest::addColumn<int>("bytes");
        for (const auto& [dtype, bytes] : std::initializer_list<std::pair<const char*, int>>{
                 {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
                 {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
                 {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
                 {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
                 {"I64", 64},        {"U64", 64}}) {
            QTest::newRow(dtype) << QByteArray(dtype) << bytes;
        }
    }

    void acceptsEveryDtypeAtItsSize() {
        QFETCH(QByteArray, dtype);
        QFETCH(int, bytes);  // of eight elements
        const auto header = [&dtype](int end) {
            return "{" + entry("t", dtype, "[2,4]", "[0," + QByteArray::number(end) + "]") + "}";
        };
        const auto tensors = parse(safetensorsBytes(header(bytes), bytes));
        QVERIFY2(tensors, tensors ? "" : tensors.error().detail.c_str());
        QCOMPARE(models::toString(tensors->front().dtype), std::string_view(dtype.constData()));
        QVERIFY(!parse(safetensorsBytes(header(bytes + 1), bytes + 1)));
        QVERIFY(!parse(safetensorsBytes(header(bytes - 1), bytes - 1)));
    }

    void acceptsWhatTheReferenceTolerates_data() {
        QTest::addColumn<QByteArray>("file");
        QTest::newRow("no tensors") << safetensorsBytes("{}", 0);
        QTest::newRow("leading space") << safetensorsBytes("  {}", 0);
        QTest::newRow("unaligned data") << safetensorsBytes(
            "{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("b", "F32", "[1]", "[1,5]") + "}", 5);
        QTest::newRow("no metadata") << safetensorsBytes(
            R"({"__metadata__":null,)" + entry("a", "U8", "[1]", "[0,1]") + "}", 1);
        QTest::newRow("a name in Unicode")
            << safetensorsBytes("{" + entry("猫", "U8", "[1]", "[0,1]") + "}", 1);
    }

    void acceptsWhatTheReferenceTolerates() {
        QFETCH(QByteArray, file);
        const auto tensors = parse(file);
        QVERIFY2(tensors, tensors ? "" : tensors.error().detail.c_str());
    }

    void whatIsNoSafetensorsFileIsToldByItsKind_data() {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QStringList>("says");
        const auto row = [](const char* name, const QByteArray& file, const QStringList& says) {
            QTest::newRow(name) << file << says;
        };
        row("empty", {}, {"empty", "Download it again"});
        row("zeros", QByteArray(4096, '\0'), {"zeros", "Download it again"});
        row("pointer of Git LFS",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 21915752\n",
            {"Git LFS", "git lfs pull"});
        row("web page", "<!DOCTYPE html>\n<html><title>Sign in</title></html>", {"web page", "Download"});
        row("web page after blanks", "\xEF\xBB\xBF\r\n  <HTML>", {"web page"});
        row("text", "Repository not found\nYou may have to sign in",
            {"text", "\"Repository not found\"", "Download"});
        row("text with odd characters", "d\xC3\xA9j\xC3\xA0 vu \xE2\x80\xAE", {"text", "\"d??j?? vu ???\""});
        row("error in JSON", R"({"error":"Access to this model is restricted"})", {"text", "restricted"});
        row("zip archive", QByteArray("PK\x03\x04\0\0\x08\x08\0\0", 10), {"zip", "Pickle", "safetensors"});
        row("pickle", QByteArray("\x80\x02}q\0(X\x05\0\0\0hello", 16), {"pickle", "safetensors"});
        row("GGUF", QByteArray("GGUF\x03\0\0\0\0\0\0\0", 12), {"GGUF", "safetensors"});
        row("HDF5", QByteArray("\x89HDF\r\n\x1a\n\0\0", 10), {"HDF5"});
        const QByteArray whole = safetensorsBytes("{" + entry("a", "U8", "[64]", "[0,64]") + "}", 64);
        row("cut in its header", whole.left(20), {"cut short"});
        row("cut in its data", whole.left(whole.size() - 1), {"cut short"});
    }

    void whatIsNoSafetensorsFileIsToldByItsKind() {
        QFETCH(QByteArray, file);
        QFETCH(QStringList, says);
        const auto tensors = parse(file);
        QVERIFY(!tensors);
        const QString detail = QString::fromStdString(tensors.error().detail);
        for (const QString& word : says) {
            QVERIFY2(detail.contains(word), qPrintable(detail));
        }
    }

    void refusesWhatTheFormatForbids_data() {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const QByteArray& header, int data, const char* says) {
            QTest::newRow(name) << safetensorsBytes(header, data) << QString(says);
        };
        QTest::newRow("seven bytes") << QByteArray("\x02\0\0\0\0\0\0", 7) << "fewer than 8";
        QTest::newRow("header beyond the file")
            << QByteArray("\x10\0\0\0\0\0\0\0{}", 10) << "header would have 16";
        QTest::newRow("header length overflows") << QByteArray("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)
                                                 << "header would have 18446744073709551615";
        QTest::newRow("header above the limit")
            << QByteArray("\x01\xe1\xf5\x05\0\0\0\0", 8) + QByteArray(100'000'001, ' ') << "100000001 bytes";
        row("not JSON", "{", 0, "not JSON");
        row("text after JSON", "{} x", 0, "not JSON");
        row("not UTF-8", "{\"\xff\":1}", 0, "not JSON");
        row("a list", "[]", 0, "not a JSON object");
        row("a number", "7", 0, "not a JSON object");
        row("a tensor that is no object", R"({"t":7})", 0, "\"t\"");
        row("a tensor that is a list", R"({"t":[]})", 0, "\"t\"");
        row("an object in a tensor", R"({"t":{"dtype":{}}})", 0, "\"t\"");
        row("nested ten thousand deep", QByteArray(10'000, '['), 0, "not a JSON object");
        row("objects ten thousand deep", QByteArray(R"({"a":)").repeated(10'000), 0, "object");
        row("unknown dtype", "{" + entry("t", "F99", "[1]", "[0,1]") + "}", 1, "unknown dtype \"F99\"");
        row("no dtype", R"({"t":{"shape":[1],"data_offsets":[0,1]}})", 1, "lacks its dtype");
        row("no shape", R"({"t":{"dtype":"U8","data_offsets":[0,1]}})", 1, "lacks its shape");
        row("no offsets", R"({"t":{"dtype":"U8","shape":[1]}})", 1, "lacks its data_offsets");
        row("an unknown field", R"({"t":{"strides":[1]}})", 0, "\"strides\"");
        row("one offset", "{" + entry("t", "U8", "[1]", "[0]") + "}", 1, "instead of two");
        row("three offsets", "{" + entry("t", "U8", "[1]", "[0,1,2]") + "}", 1, "instead of two");
        row("negative shape", "{" + entry("t", "U8", "[-1]", "[0,1]") + "}", 1, "a negative number");
        row("fraction", "{" + entry("t", "U8", "[1.0]", "[0,1]") + "}", 1, "a fraction");
        row("text in a shape", "{" + entry("t", "U8", "[\"1\"]", "[0,1]") + "}", 1, "a string");
        row("null shape", "{" + entry("t", "U8", "null", "[0,1]") + "}", 1, "null");
        row("metadata that is no text", R"({"__metadata__":{"a":1}})", 0, "__metadata__");
        row("metadata that holds null", R"({"__metadata__":{"a":null}})", 0, "__metadata__");
        row("null for a tensor", R"({"a":null})", 0, "null");
        row("metadata that is nested", R"({"__metadata__":{"a":{}}})", 0, "__metadata__");
        row("a gap at the start", "{" + entry("t", "U8", "[1]", "[1,2]") + "}", 2, "gaps are forbidden");
        row("a gap between",
            "{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("b", "U8", "[1]", "[2,3]") + "}", 3,
            "\"b\"");
        row("an overlap",
            "{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[1,3]") + "}", 3,
            "overlaps");
        row("the same place twice",
            "{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[0,2]") + "}", 2,
            "overlaps");
        row("end before begin", "{" + entry("t", "U8", "[1]", "[0,0]") + "}", 0, "does not fit");
        row("backwards",
            "{" + entry("a", "U8", "[4]", "[0,4]") + "," + entry("b", "U8", "[1]", "[4,3]") + "}", 4,
            "\"b\"");
        row("beyond the data", "{" + entry("t", "U8", "[4]", "[0,4]") + "}", 3, "only 3 bytes of data");
        row("trailing bytes", "{" + entry("t", "U8", "[4]", "[0,4]") + "}", 5, "end at 4");
        row("shape overflows", "{" + entry("t", "U8", "[4294967296,4294967296,4294967296]", "[0,1]") + "}", 1,
            "does not fit");
        row("shape overflows before a zero",
            "{" + entry("t", "U8", "[4294967296,4294967296,0]", "[0,0]") + "}", 0, "does not fit");
        row("a huge extent", "{" + entry("t", "U8", "[18446744073709551615,0]", "[0,0]") + "}", 0,
            "does not fit");
        row("bits overflow", "{" + entry("t", "F64", "[2305843009213693952]", "[0,0]") + "}", 0,
            "does not fit");
        row("a number beyond 64 bits", "{" + entry("t", "U8", "[18446744073709551616]", "[0,0]") + "}", 0,
            "a fraction");
        row("half a byte", "{" + entry("t", "F4", "[3]", "[0,1]") + "}", 1, "does not fit");
        row("wrong size", "{" + entry("t", "F32", "[3]", "[0,8]") + "}", 8, "F32 [3]");
        row("a name twice",
            "{" + entry("t", "U8", "[1]", "[0,1]") + "," + entry("t", "U8", "[1]", "[1,2]") + "}", 2,
            "there twice");
        row("a field twice", R"({"t":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1,
            "\"dtype\" twice");
        row("NUL in a name", "{" + entry("a\\u0000b", "U8", "[1]", "[0,1]") + "}", 1, "NUL");
        row("a very long name", "{" + entry(QByteArray(2000, 'n'), "U8", "[1]", "[0,1]") + "}", 1,
            "longer than");
        row("a very high rank", "{" + entry("t", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]") + "}",
            1, "more than 16");
    }

    void refusesWhatTheFormatForbids() {
        QFETCH(QByteArray, file);
        QFETCH(QString, says);
        const auto tensors = parse(file);
        QVERIFY(!tensors);
        const QString detail = QString::fromStdString(tensors.error().detail);
        QVERIFY2(detail.startsWith("weights.safetensors: "), qPrintable(detail.left(300)));
        QVERIFY2(detail.contains(says), qPrintable(detail.left(300)));
    }

    void everyTruncationIsRefused() {
        const QByteArray whole = safetensorsBytes(
            "{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "U8", "[3]", "[8,11]") + "}", 11);
        QVERIFY(parse(whole));
        for (qsizetype size = 0; size < whole.size(); ++size) {
            QVERIFY2(!parse(whole.left(size)), qPrintable(QString::number(size)));
        }
    }

    void noMutationEscapesTheFile() {
        const QByteArray whole =
            safetensorsBytes(R"({"__metadata__":{"format":"pt"},)" + entry("a", "F32", "[2]", "[0,8]") + "," +
                                 entry("b", "BF16", "[3,1]", "[8,14]") + "}",
                             14);
        std::mt19937 random(20240229);
        int accepted = 0;
        int refused = 0;
        for (int round = 0; round < 20'000; ++round) {
            QByteArray bytes = whole;
            for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
                const auto place = static_cast<qsizetype>(random() % bytes.size());
                switch (random() % 4) {
                    case 0:
                        bytes[place] = static_cast<char>(random());
                        break;
                    case 1:
                        bytes[place] = "0123456789[]{},:\""[random() % 17];
                        break;
                    case 2:
                        bytes.remove(place, 1);
                        break;
                    default:
                        bytes.insert(place, bytes.mid(place, static_cast<qsizetype>(random() % 8)));
                        break;
                }
                if (bytes.isEmpty()) {
                    break;
                }
            }
            const auto tensors = parse(bytes);
            (tensors ? accepted : refused) += 1;
            if (!tensors) {
                continue;
            }
            unsigned sum = 0;
            for (const auto& tensor : *tensors) {
                for (const std::byte value : tensor.data) {  // a sanitizer sees what lies outside
                    sum += std::to_integer<unsigned>(value);
                }
            }
            QVERIFY(sum < 1'000'000);
        }
        QVERIFY(accepted > 100);  // changes in the data and the metadata are harmless
        QVERIFY(refused > 10'000);
    }

    void mapsAFile() {
        const QTemporaryDir dir;
        const QString path = dir.filePath("model.safetensors");
        writeFile(path, safetensorsBytes("{" + entry("a", "U8", "[3]", "[0,3]") + "}", 3));
        auto opened = models::SafetensorsFile::open(path.toStdString());
        QVERIFY2(opened, opened ? "" : opened.error().detail.c_str());
        const models::SafetensorsFile file = std::move(*opened);
        QCOMPARE(file.tensors().size(), std::size_t{1});
        QCOMPARE(file.tensors()[0].name, std::string("a"));
        QCOMPARE(std::to_integer<int>(file.tensors()[0].data[2]), 2);
    }

    void whatIsNoFileIsAnError() {
        const QTemporaryDir dir;
        for (const QString& path : {dir.path(), dir.filePath("missing.safetensors")}) {
            const auto opened = models::SafetensorsFile::open(path.toStdString());
            QVERIFY(!opened);
            QVERIFY(opened.error().detail.find(path.toStdString()) == 0);
        }
        writeFile(dir.filePath("empty.safetensors"), {});
        QVERIFY(!models::SafetensorsFile::open(dir.filePath("empty.safetensors").toStdString()));
    }
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
