// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <vector>

#include "server/commands/model_shelf.h"
#include "server/models/files/tensor_source.h"

using namespace easel;
using commands::ModelShelf;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";

}  // namespace

/// What drawing takes counts all that a request names.
class TestModelShelf : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const std::filesystem::path beside = m_folder.path().toStdString();
        std::filesystem::create_directories(beside / "loras");
        std::filesystem::create_directories(beside / "vaes");
        std::filesystem::create_directories(beside / "controlnets");
        std::filesystem::copy(kFixtures / "loras/kohya.safetensors", beside / "loras/kohya.safetensors");
        std::filesystem::copy(kFixtures / "models/sd1-tiny/vae", beside / "vaes/other");
        std::filesystem::copy(kFixtures / "controlnet/sdxl", beside / "controlnets/outlines");
        m_shelf = std::make_unique<ModelShelf>(
            kFixtures / "models/sdxl-tiny",
            models::Places{.folders = {kFixtures / "models/sdxl-refiner-tiny"}, .hubs = {}},
            std::vector{beside});
    }

    void loras() {
        protocol::GenerationSettings settings = plain();
        settings.loras = {{"kohya"}};
        QCOMPARE(weights(settings) - weights(plain()),
                 2 * numbersIn(kFixtures / "loras", "kohya.safetensors"));
        settings = plain();
        settings.prompt = "a cat <lora:kohya:0.5>";
        QCOMPARE(weights(settings) - weights(plain()),
                 2 * numbersIn(kFixtures / "loras", "kohya.safetensors"));
    }

    void aRefiner() {
        protocol::GenerationSettings settings = plain();
        settings.refiner = "sdxl-refiner-tiny";
        protocol::GenerationSettings alone = plain();
        alone.model = "sdxl-refiner-tiny";
        QVERIFY(weights(alone) > 0);
        QCOMPARE(weights(settings), weights(plain()) + weights(alone));
    }

    void aControlNet() {
        protocol::GenerationSettings settings = plain();
        settings.controls = {{"outlines", "a picture"}};
        QCOMPARE(weights(settings) - weights(plain()),
                 2 * numbersIn(kFixtures / "controlnet/sdxl", "diffusion_pytorch_model.safetensors"));
    }

    void anotherVaeTakesTheOwnOnesPlace() {
        protocol::GenerationSettings settings = plain();
        settings.vae = "other";
        const auto ofVae = [](const char* model) {
            return numbersIn(kFixtures / "models" / model / "vae", "diffusion_pytorch_model.safetensors");
        };
        QVERIFY(ofVae("sd1-tiny") != ofVae("sdxl-tiny"));
        QCOMPARE(weights(settings) - weights(plain()), 2 * (ofVae("sd1-tiny") - ofVae("sdxl-tiny")));
    }

private:
    static protocol::GenerationSettings plain() {
        protocol::GenerationSettings settings;
        settings.model = "sdxl-tiny";
        settings.width = 64;
        settings.height = 64;
        return settings;
    }
    /// Bytes; what draws has not said what it computes in, so a number takes two.
    std::int64_t weights(const protocol::GenerationSettings& settings) const {
        const auto memory = m_shelf->memoryFor(settings);
        return memory ? memory->weights : -1;
    }
    static std::int64_t numbersIn(const std::filesystem::path& folder, const char* file) {
        const auto opened = models::SafetensorsFile::open(folder / file);
        std::int64_t numbers = 0;
        for (const auto& tensor : opened->tensors()) {
            std::int64_t all = 1;
            for (const std::int64_t side : tensor.shape) {
                all *= side;
            }
            numbers += all;
        }
        return numbers;
    }

    QTemporaryDir m_folder;
    std::unique_ptr<ModelShelf> m_shelf;
};

QTEST_APPLESS_MAIN(TestModelShelf)
#include "test_model_shelf.moc"
