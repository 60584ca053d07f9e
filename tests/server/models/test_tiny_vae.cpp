// SPDX-License-Identifier: Apache-2.0
#include "server/models/tiny_vae.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <string>

#include "server/models/model_folder.h"

using namespace easel::models;

namespace {

const QString kFixtures = QStringLiteral(EASEL_SOURCE_DIR "/tests/fixtures/");
const QString kOfDiffusers = kFixtures + "tiny_vae/diffusers/diffusion_pytorch_model.safetensors";
const QString kOfTaesd = kFixtures + "tiny_vae/taesd/taesd_decoder.safetensors";

void put(const QTemporaryDir& folder, const QString& file, const QString& place) {
    const QString target = folder.filePath(place);
    QVERIFY(QDir().mkpath(QFileInfo(target).path()));
    QVERIFY(QFile::copy(file, target));
}

std::string found(const QTemporaryDir& folder) {
    const std::filesystem::path root = folder.path().toStdString();
    const auto file = tinyVaeIn(root);
    return file.empty() ? "" : file.lexically_relative(root).string();
}

}  // namespace

class TestTinyVae : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aModelBringsOneInAFolderOfItsOwn() {
        const QTemporaryDir folder;
        QCOMPARE(found(folder), std::string());
        put(folder, kFixtures + "models/sd1-tiny/vae/diffusion_pytorch_model.safetensors",
            "vae_approx/another.safetensors");
        QCOMPARE(found(folder), std::string());
        put(folder, kOfTaesd, "vae_approx/taesd_decoder.safetensors");
        QCOMPARE(found(folder), std::string("vae_approx/taesd_decoder.safetensors"));
        put(folder, kOfDiffusers, "tiny_vae/diffusion_pytorch_model.safetensors");
        QCOMPARE(found(folder), std::string("tiny_vae/diffusion_pytorch_model.safetensors"));
        put(folder, kOfTaesd, "elsewhere/taesd_decoder.safetensors");
        QCOMPARE(found(folder), std::string("tiny_vae/diffusion_pytorch_model.safetensors"));
    }

    void bothFormsHaveOneDecoder() {
        const auto one = openTinyDecoder(kOfDiffusers.toStdString());
        const auto other = openTinyDecoder(kOfTaesd.toStdString());
        QVERIFY(one && other);
        QVERIFY(one->size() > 20);
        QCOMPARE(one->size(), other->size());
        QVERIFY(one->numbers() == other->numbers());
        for (const TensorEntry& tensor : one->files().front().tensors) {
            QVERIFY2(tensor.name.starts_with("decoder.layers."), tensor.name.c_str());
            const TensorEntry* const same = other->find(tensor.name);
            QVERIFY2(same != nullptr && same->shape == tensor.shape, tensor.name.c_str());
        }
    }

    void whatIsNoneIsSaidToBeWhatItIs() {
        const auto vae = openTinyDecoder(
            (kFixtures + "models/sd1-tiny/vae/diffusion_pytorch_model.safetensors").toStdString());
        QVERIFY(!vae);
        QVERIFY2(vae.error().detail.find("This is a VAE") != std::string::npos, vae.error().detail.c_str());
    }

    void itIsAPartOfItsModel() {
        const QTemporaryDir folder;
        const auto root = std::filesystem::path(folder.path().toStdString()) / "model";
        std::filesystem::copy((kFixtures + "models/sd1-tiny").toStdString(), root,
                              std::filesystem::copy_options::recursive);
        const auto without = openModelFolder(root);
        QVERIFY(without && !hasTinyVae(*without));
        put(folder, kOfDiffusers, "model/tiny_vae/diffusion_pytorch_model.safetensors");
        const auto with = openModelFolder(root);
        QVERIFY(with && hasTinyVae(*with));
        QCOMPARE(partsWithWeights(*with).size(), partsWithWeights(*without).size() + 1);
        QCOMPARE(openWeights(*with, kTinyVae)->size(), openTinyDecoder(kOfDiffusers.toStdString())->size());
        QVERIFY(countWeights(*with).value() > countWeights(*without).value());
    }
};

QTEST_APPLESS_MAIN(TestTinyVae)
#include "test_tiny_vae.moc"
