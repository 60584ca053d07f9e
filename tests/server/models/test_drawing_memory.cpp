// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>

#include "server/models/memory.h"
#include "server/models/memory_table.h"

using namespace easel;
using namespace easel::models;

namespace {

constexpr std::int64_t kMegabyte = 1'000'000;
constexpr std::int64_t kGigabyte = 1'000 * kMegabyte;

ModelFolder fullSize(int sampleSize, Family family) {
    ModelFolder model;
    model.unet.down = {UNetBlock{.channels = 320}};
    model.vae.blockOutChannels = {128, 256, 512, 512};
    model.vae.sampleSize = sampleSize;
    model.family = family;
    return model;
}

protocol::GenerationSettings square(int side) {
    protocol::GenerationSettings settings;
    settings.width = side;
    settings.height = side;
    settings.guidance = 7.5;
    return settings;
}

using Sides = std::vector<std::int64_t>;

}  // namespace

class DrawingMemoryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tilesHalveFromTheModelsOwnSize() {
        const VaeConfig vae = fullSize(512, Family::StableDiffusion).vae;
        QVERIFY((tilesFor(vae, 256, 256) == Sides{0}));
        QVERIFY((tilesFor(vae, 512, 512) == Sides{0, 256}));
        QVERIFY((tilesFor(vae, 512, 520) == Sides{0, 512, 256}));
        QVERIFY((tilesFor(fullSize(768, Family::StableDiffusion).vae, 1024, 64) == Sides{0, 768, 384, 192}));
        QVERIFY((tilesFor(fullSize(1024, Family::StableDiffusionXL).vae, 1024, 1024) == Sides{0, 512, 256}));
    }

    /// A quarter of a tile is a whole number of latents, or the tiles would not meet.
    void tilesAreMultiplesOfFourLatents() {
        for (int own = 32; own < 1100; own += 13) {
            for (const std::int64_t side : tilesFor(fullSize(own, Family::StableDiffusion).vae, 4096, 4096)) {
                QCOMPARE(side % 32, std::int64_t{0});
            }
        }
        QVERIFY((tilesFor(fullSize(31, Family::StableDiffusion).vae, 4096, 4096) == Sides{0}));
    }

    /// Of a GPU with 8 GiB nine tenths are for models and drawings.
    void familiesFitAGpuOf8Gibibytes() {
        for (const PublishedModel& model : publishedModels()) {
            auto memory = memoryFor(model.folder, model.numbers(), square(model.side), 2);
            memory.available = std::int64_t(0.9 * 8 * (std::int64_t{1} << 30));
            QVERIFY2(memory.fits() == std::optional(true), model.name.c_str());
            memory.available = memory.weights;
            QCOMPARE(memory.fits(), std::optional(false));
        }
    }

    void theReadmeHasTheTable() {
        QFile file(EASEL_SOURCE_DIR "/README.md");
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray readme = file.readAll();
        QByteArray table;
        for (const std::string& line : memoryTable()) {
            table += QByteArray::fromStdString(line) + '\n';
        }
        QVERIFY2(readme.contains("\n\n" + table + '\n'), table);
        QVERIFY(table.contains("| Stable Diffusion XL | 1024x1024 |") && table.contains(" | in tiles |\n"));
    }

    void aLargePictureTakesLittleInTiles() {
        const auto memory = memoryFor(fullSize(512, Family::StableDiffusion), 0, square(2048), 4);
        QVERIFY(memory.drawing > 10 * kGigabyte);
        QVERIFY(memory.least < 2 * kGigabyte);
    }

    void theLargestPictureOnTheWayCounts() {
        const ModelFolder model = fullSize(512, Family::StableDiffusion);
        auto settings = square(512);
        settings.hiresScale = 2;
        QVERIFY(memoryFor(model, 0, settings, 4) == memoryFor(model, 0, square(1024), 4));
        settings = square(512);
        settings.initImage = "one";
        settings.extendRight = 512;
        settings.extendTop = 512;
        QVERIFY(memoryFor(model, 0, settings, 4) == memoryFor(model, 0, square(1024), 4));
    }

    void aStepCountsWhatIsCompared() {
        ModelFolder model = fullSize(512, Family::StableDiffusion);
        model.unet.down = {UNetBlock{.channels = 10'000}};  // or the VAE takes more
        const auto drawing = [&] { return memoryFor(model, 0, square(512), 4).drawing; };
        const auto two = drawing();
        model.unet.inChannels = 2 * model.vae.latentChannels;
        QCOMPARE(2 * drawing(), 3 * two);
        model.unet.inChannels = model.vae.latentChannels;
        model.unet.guidanceWidth = 256;
        QCOMPARE(2 * drawing(), two);
    }

    void aControlNetTakesPartInAStep() {
        ModelFolder model = fullSize(512, Family::StableDiffusion);
        const auto without = bytesOfStep(model, 512, 512, 2, 4);
        model.controlNets = {"one"};
        QVERIFY(bytesOfStep(model, 512, 512, 2, 4) > without);
    }

    void featuresThatAreKeptTakeRoom() {
        ModelFolder model = fullSize(512, Family::StableDiffusion);
        model.unet.down = {UNetBlock{.channels = 10'000}};  // or the VAE takes more
        model.unet.up = {UNetBlock{.channels = 320}};
        const auto without = memoryFor(model, 0, square(512), 4);
        auto settings = square(512);
        settings.deepcacheInterval = 3;
        const auto with = memoryFor(model, 0, settings, 4);
        // Of both branches, however many rows a pass takes.
        QCOMPARE(with.drawing - without.drawing, std::int64_t{2 * 64 * 64 * 320 * 4});
        QCOMPARE(with.least - without.least, std::int64_t{2 * 64 * 64 * 320 * 4});
    }

    void aTinyDecoderTakesLittle() {
        const ModelFolder model = fullSize(512, Family::StableDiffusion);
        auto settings = square(2048);
        const auto full = memoryFor(model, 0, settings, 4);
        settings.decoder = "tiny";
        const auto tiny = memoryFor(model, 0, settings, 4);
        QVERIFY(2 * tiny.drawing < full.drawing);
        // The VAE reads what a picture begins with.
        settings.initImage = "one";
        QCOMPARE(memoryFor(model, 0, settings, 4).drawing, full.drawing);
    }

    void theSideThatFitsIsTheLargest() {
        const ModelFolder model = fullSize(512, Family::StableDiffusion);
        const std::int64_t side = sideThatFits(model, 4, kGigabyte);
        QVERIFY(side >= 512 && side % 64 == 0);
        QVERIFY(memoryFor(model, 0, square(int(side)), 4).least <= kGigabyte);
        QVERIFY(memoryFor(model, 0, square(int(side) + 64), 4).least > kGigabyte);
        QCOMPARE(sideThatFits(model, 4, kMegabyte), std::int64_t{0});
    }
};

QTEST_GUILESS_MAIN(DrawingMemoryTest)
#include "test_drawing_memory.moc"
