// SPDX-License-Identifier: Apache-2.0
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

#include "server/models/inspection.h"
#include "tests/server/models/small_model.h"

using namespace easel;
using namespace easel::tests;

class TestInspection : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void checkpoints_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("family");
        QTest::addColumn<int>("parts");
        QTest::newRow("1.x") << "sd1"
                             << "Stable Diffusion 1.x"
                             << "stable-diffusion" << 3;
        QTest::newRow("2.x") << "sd2"
                             << "Stable Diffusion 2.x"
                             << "stable-diffusion" << 3;
        QTest::newRow("XL") << "sdxl"
                            << "Stable Diffusion XL"
                            << "stable-diffusion-xl" << 4;
        QTest::newRow("the refiner") << "sdxl-refiner"
                                     << "Stable Diffusion XL's refiner"
                                     << "stable-diffusion-xl-refiner" << 3;
    }

    /// As a file and as a folder.
    void checkpoints() {
        QFETCH(QString, name);
        QFETCH(QString, what);
        QFETCH(QString, family);
        QFETCH(int, parts);
        const QTemporaryDir dir;
        const SmallModel small(name, 64);
        writeTensors(dir.filePath("model.safetensors"), small.checkpoint());
        small.writeFolder(dir.filePath("folder"));
        for (const char* const place : {"model.safetensors", "folder"}) {
            const auto found = models::inspect(dir.filePath(place).toStdString());
            QVERIFY2(found, found ? "" : found.error().detail.c_str());
            QCOMPARE(QString::fromStdString(found->problem), QString());
            QCOMPARE(QString::fromStdString(found->what), what);
            QCOMPARE(QString::fromStdString(found->family), family);
            QCOMPARE(found->parts.size(), std::size_t(parts));
            QCOMPARE(found->prediction, std::string("epsilon"));
            QVERIFY(!found->predictionReason.empty() && found->lacks.empty());
            for (const auto& part : found->parts) {
                QCOMPARE(part.precision, std::string("F32"));
                QCOMPARE(part.bytes, 4 * part.numbers);
            }
        }
    }

    void whatIsMissing() {
        const QTemporaryDir dir;
        writeTensors(dir.filePath("unet.safetensors"), SmallModel("sd1", 64).part("unet"));
        const auto found = models::inspect(dir.filePath("unet.safetensors").toStdString());
        QVERIFY(found);
        QCOMPARE(found->kind, std::string("unet"));
        QVERIFY((found->lacks == std::vector<std::string>{"text_encoder", "vae"}));
        QVERIFY2(found->problem.find("lacks its text encoder and its VAE") != std::string::npos,
                 found->problem.c_str());
        const auto json =
            QJsonDocument::fromJson(QByteArray::fromStdString(protocol::toJson(*found))).object();
        QCOMPARE(json["lacks"].toArray(), (QJsonArray{"text_encoder", "vae"}));
        QCOMPARE(json["parts"][0]["precision"].toString(), QString("F32"));
    }

    void otherFiles() {
        const QTemporaryDir dir;
        writeTensors(dir.filePath("x.safetensors"), {{"x.lora_down.weight", {1, 2}, {1, 2}, "F16"}});
        const auto lora = models::inspect(dir.filePath("x.safetensors").toStdString());
        QVERIFY(lora);
        QCOMPARE(lora->kind, std::string("lora"));
        QCOMPARE(lora->what, std::string("a LoRA"));
        QVERIFY(lora->parts.empty() && lora->problem.empty());
        writeFile(dir.filePath("x.ckpt"), "PK");
        QVERIFY(!models::inspect(dir.filePath("x.ckpt").toStdString()));
        QVERIFY(!models::inspect(dir.filePath("nowhere.safetensors").toStdString()));
    }
};

QTEST_GUILESS_MAIN(TestInspection)
#include "test_inspection.moc"
