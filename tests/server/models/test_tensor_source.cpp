// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include "server/models/files/tensor_source.h"
#include "tests/server/models/safetensors_bytes.h"

using namespace easel;
using models::TensorSource;
using models::WeightNaming;

namespace {

/// A file with one tensor of one byte.
QByteArray oneTensor(const QByteArray& name) {
    return safetensorsBytes("{\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
}

const QString kStem = "diffusion_pytorch_model";

}  // namespace

class TestTensorSource : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSingleFile() {
        const QTemporaryDir dir;
        writeFile(dir.filePath(kStem + ".safetensors"), oneTensor("plain"));
        writeFile(dir.filePath(kStem + ".fp16.safetensors"), oneTensor("half"));
        const auto source = open(dir);
        QVERIFY2(source, source ? "" : source.error().detail.c_str());
        QCOMPARE(source->size(), std::size_t{1});
        QVERIFY(source->find("plain"));
        QCOMPARE(source->fileOf("plain").filename().string(), (kStem + ".safetensors").toStdString());
    }

    void aVariantWhereThereIsNothingElse_data() {
        QTest::addColumn<QStringList>("variants");
        QTest::addColumn<QString>("taken");
        for (const char* const variant : {"fp16", "bf16", "fp32", "non_ema", "ema", "my.own"}) {
            QTest::newRow(variant) << QStringList{variant} << variant;
        }
        QTest::newRow("the finest of all") << QStringList{"bf16", "fp16", "fp32"} << "fp32";
        QTest::newRow("the finest that there is") << QStringList{"bf16", "fp16"} << "fp16";
        QTest::newRow("other weights beside it") << QStringList{"fp16", "non_ema"} << "fp16";
    }

    void aVariantWhereThereIsNothingElse() {
        QFETCH(QStringList, variants);
        QFETCH(QString, taken);
        const QTemporaryDir dir;
        for (const QString& variant : variants) {
            writeFile(dir.filePath(kStem + '.' + variant + ".safetensors"), oneTensor(variant.toUtf8()));
        }
        const auto source = open(dir);
        QVERIFY2(source, source ? "" : source.error().detail.c_str());
        QVERIFY(source->find(taken.toStdString()));
        QCOMPARE(source->size(), std::size_t{1});
        QVERIFY(QString::fromStdString(source->note()).contains('"' + taken + '"'));
        writeFile(dir.filePath(kStem + ".safetensors"), oneTensor("plain"));
        const auto plain = open(dir);
        QVERIFY(plain && plain->find("plain") && plain->note().empty());
    }

    void ofSeveralVariantsNoneIsGuessed() {
        const QTemporaryDir dir;
        writeFile(dir.filePath(kStem + ".ema.safetensors"), oneTensor("ema"));
        writeFile(dir.filePath(kStem + ".non_ema.safetensors"), oneTensor("other"));
        const auto source = open(dir);
        QVERIFY(!source);
        const QString detail = QString::fromStdString(source.error().detail);
        QVERIFY2(detail.contains(kStem + ".ema.safetensors, " + kStem + ".non_ema.safetensors"),
                 qPrintable(detail));
        QVERIFY2(detail.contains("the name " + kStem + ".safetensors"), qPrintable(detail));
    }

    void aTextEncoderIsNamedOtherwise() {
        const QTemporaryDir dir;
        writeFile(dir.filePath("model.safetensors"), oneTensor("t"));
        QVERIFY(!open(dir));
        QVERIFY(TensorSource::open(dir.path().toStdString(), WeightNaming::Transformers));
    }

    void shards_data() {
        QTest::addColumn<QString>("index");
        QTest::newRow("plain") << kStem + ".safetensors.index.json";
        QTest::newRow("variant") << kStem + ".safetensors.index.fp16.json";
        QTest::newRow("legacy variant") << kStem + ".safetensors.fp16.index.json";
        QTest::newRow("another variant") << kStem + ".safetensors.index.bf16.json";
    }

    void shards() {
        QFETCH(QString, index);
        const QTemporaryDir dir;
        writeFile(dir.filePath("x-00001-of-00002.safetensors"), oneTensor("a"));
        writeFile(dir.filePath("x-00002-of-00002.safetensors"), oneTensor("b"));
        writeFile(dir.filePath(index), R"({"metadata":{"total_size":2},"weight_map":{
            "a":"x-00001-of-00002.safetensors","b":"x-00002-of-00002.safetensors"}})");
        const auto source = open(dir);
        QVERIFY2(source, source ? "" : source.error().detail.c_str());
        QCOMPARE(source->files().size(), std::size_t{2});
        QVERIFY(source->find("a") && source->find("b") && !source->find("c"));
        QCOMPARE(source->fileOf("b").filename().string(), std::string("x-00002-of-00002.safetensors"));
    }

    void aBadIndexIsRefused_data() {
        QTest::addColumn<QByteArray>("index");
        QTest::addColumn<QString>("says");
        QTest::newRow("not JSON") << QByteArray("{") << "not valid JSON: it goes wrong at byte 2";
        QTest::newRow("not an object") << QByteArray("[]") << "JSON object";
        QTest::newRow("no map") << QByteArray("{}") << "weight_map";
        QTest::newRow("not names") << QByteArray(R"({"weight_map":{"a":7}})") << "weight_map";
        for (const char* const name : {"../x.safetensors", "/etc/x.safetensors", "d/x.safetensors",
                                       "d\\\\x.safetensors", "..", "", "x.bin", ".safetensors"}) {
            QTest::newRow(name) << "{\"weight_map\":{\"a\":\"" + QByteArray(name) + "\"}}"
                                << "not a safetensors file";
        }
        QTest::newRow("missing shard")
            << QByteArray(R"({"weight_map":{"a":"y.safetensors"}})") << "y.safetensors";
        QTest::newRow("missing tensor") << QByteArray(R"({"weight_map":{"c":"x.safetensors"}})") << "\"c\"";
    }

    void aBadIndexIsRefused() {
        QFETCH(QByteArray, index);
        QFETCH(QString, says);
        const QTemporaryDir dir;
        writeFile(dir.filePath("x.safetensors"), oneTensor("a"));
        writeFile(dir.filePath(kStem + ".safetensors.index.json"), index);
        const auto source = open(dir);
        QVERIFY(!source);
        QVERIFY2(QString::fromStdString(source.error().detail).contains(says), source.error().detail.c_str());
    }

    void aTensorInTwoShardsIsRefused() {
        const QTemporaryDir dir;
        writeFile(dir.filePath("x.safetensors"), oneTensor("a"));
        writeFile(dir.filePath("y.safetensors"), oneTensor("a"));
        writeFile(dir.filePath(kStem + ".safetensors.index.json"),
                  R"({"weight_map":{"a":"x.safetensors","b":"y.safetensors"}})");
        const auto source = open(dir);
        QVERIFY(!source);
        QVERIFY2(source.error().detail.find("also in") != std::string::npos, source.error().detail.c_str());
    }

    void picklesAreNotRead() {
        const QTemporaryDir dir;
        writeFile(dir.filePath(kStem + ".bin"), "anything");
        const auto source = open(dir);
        QVERIFY(!source);
        QVERIFY2(source.error().detail.find("pickle") != std::string::npos, source.error().detail.c_str());
    }

    void picklesOfAVariantAreNotReadEither() {
        const QTemporaryDir dir;
        writeFile(dir.filePath(kStem + ".fp16.bin"), "anything");
        const auto source = open(dir);
        QVERIFY(!source);
        QVERIFY2(source.error().detail.find("pickle") != std::string::npos, source.error().detail.c_str());
    }

    void aFolderWithoutWeightsSaysWhatIsThere() {
        const QTemporaryDir dir;
        writeFile(dir.filePath("config.json"), "{}");
        writeFile(dir.filePath("model.safetensors"), oneTensor("t"));
        writeFile(dir.filePath(kStem + "-00001-of-00002.safetensors"), oneTensor("t"));
        const auto source = open(dir);
        QVERIFY(!source);
        const QString detail = QString::fromStdString(source.error().detail);
        QVERIFY2(detail.contains(kStem + ".safetensors is missing; there is: " + kStem +
                                 "-00001-of-00002.safetensors, model.safetensors."),
                 qPrintable(detail));
    }

    void anEmptyFolderSaysWhatIsMissing() {
        const QTemporaryDir dir;
        const auto source = open(dir);
        QVERIFY(!source);
        QVERIFY(source.error().detail.find("diffusion_pytorch_model.safetensors is missing") !=
                std::string::npos);
    }

private:
    static protocol::Expected<TensorSource> open(const QTemporaryDir& dir) {
        return TensorSource::open(dir.path().toStdString(), WeightNaming::Diffusers);
    }
};

QTEST_APPLESS_MAIN(TestTensorSource)
#include "test_tensor_source.moc"
